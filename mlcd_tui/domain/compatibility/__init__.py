"""Whether a candidate may stand in for what serves: columns, tensors, JSON Schema and media, each direction apart.

`compatible` is proven; what cannot be proven either way is `unknown`. docs/compatibility.md lists the rules.
"""

from mlcd_tui.domain.compatibility.assembly import compare, compare_endpoints

__all__ = ["compare", "compare_endpoints"]
