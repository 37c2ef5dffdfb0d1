"""What all rooms that ask servers over HTTP need: TLS, bounded bodies, headers, causes, logins of registries.

Nothing here asks anybody: each room has its own client, with its own bounds and its own sentences.

May import: domain. Never: a room that asks.
"""

import importlib.util
import sys

# httpx brings its own command line along where rich and pygments are installed, as they are here: a third of its
# import time and some MB for something that nobody calls. It copes with the module's absence.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

if importlib.util.find_spec("sniffio") is None:
    # httpcore asks for it several times in each request, and Python remembers no failure: where it is not installed,
    # searching all folders for it is a quarter of what a request costs. None means: it is not there.
    sys.modules["sniffio"] = None  # type: ignore[assignment]
