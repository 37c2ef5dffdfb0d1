"""The settings file: what may stand in it, what it means, and errors that name file, line and key."""

from __future__ import annotations

import fnmatch
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mlcd_tui.config import paths
from mlcd_tui.config.metrics_settings import MetricsSettings, read_metrics
from mlcd_tui.config.toml_file import Reader, parse
from mlcd_tui.domain.errors import BadConfig

_PLANS = 'a table such as "registry.example/ml/*" = "plans/ml.yaml", paths by patterns of images or NAMESPACE/NAME'
_KEYS = 'action ids with a key or a list of keys, such as quit = ["q"]'

Switch = Annotated[bool, Meta(description="true or false")]
Text = Annotated[str, Meta(description="text in quotes")]
Texts = Annotated[tuple[str, ...], Meta(description="a list of texts in quotes")]


class ContextSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[contexts.<name>]`: what is different in one context; the name may be a pattern such as `prod-*`."""

    production: Switch = False
    """Acts ask for the service's name to be typed."""
    readonly: Switch = False
    """No acts at all."""
    namespace: Text | None = None
    theme: Text | None = None
    metrics: MetricsSettings | None = None
    """`[metrics]` as it is in this context; None: as everywhere."""


class PackageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[packages]`: where model packages are browsed, and where those of running images are looked for."""

    sources: Texts = ()
    """Places to browse: addresses such as `mlflow:` or a folder."""
    mlflow: Text = ""
    """Tracking URI; empty is `MLFLOW_TRACKING_URI`."""
    registry: Switch = True
    """Whether an image's own registry is asked, where the image is given by its digest."""
    hosts: Texts = ()
    """Hosts that an address found in a cluster may lead to, beside the MLflow server and the image's registry."""
    declared_only: Switch = False
    """Callers only send what the schema declares: an input that vanished breaks nobody who sends it along."""
    timeout: Annotated[float, Meta(ge=0.5, le=300, description="seconds, 0.5 to 300")] = 10.0
    """How long one answer of a place may take."""


class CheckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[checks]`: what is asked of the checks of an image before it gets traffic."""

    required: Switch = False
    """An image that nobody has checked needs a reason; a failed, missing or stale required check always does."""
    required_checks: Texts = ()
    """Checks that must be met whatever the plan says, and where the plan is not at hand."""
    plan: Text = ""
    """Path of the check plan in force, from the settings file's folder on; empty: that of the newest evidence."""
    plans: Annotated[dict[str, str], Meta(description=_PLANS)] = {}
    """Plans by patterns of the image's repository or of `NAMESPACE/NAME`; the first that fits comes before `plan`."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file; every key may be left out."""

    theme: Text = "mlcd-dark"
    ascii: Switch = False
    """Plain letters in place of every glyph."""
    mouse: Switch = True
    readonly: Switch = False
    namespace: Text = ""
    """Shown at the start; empty and `*` are all."""
    refresh: Annotated[float, Meta(ge=1, le=25, description="pictures a second, 1 to 25")] = 20.0
    patience: Annotated[float, Meta(ge=1, le=3600, description="seconds, 1 to 3600")] = 30.0
    """How long an act's effect is awaited."""
    editor: Text = ""
    """Program for text, with its arguments; empty is `$VISUAL`, `$EDITOR`, or `vi`."""
    log_lines: Annotated[int, Meta(ge=1, le=100_000, description="a whole number, 1 to 100000")] = 500
    """Lines of a container's log to begin with."""
    keys: Annotated[dict[str, str | list[str]], Meta(description=_KEYS)] = {}
    contexts: dict[str, ContextSettings] = {}
    packages: PackageSettings = PackageSettings()
    checks: CheckSettings = CheckSettings()
    metrics: MetricsSettings = MetricsSettings()

    def _matching(self, context: str) -> list[ContextSettings]:
        """The context's own table first, then the patterns that fit, as they stand in the file."""
        own = [self.contexts[context]] if context in self.contexts else []
        return own + [
            table for name, table in self.contexts.items() if name != context and fnmatch.fnmatchcase(context, name)
        ]

    def production_in(self, context: str) -> bool:
        """Whether acts in this context need the service's name typed."""
        return any(table.production for table in self._matching(context))

    def readonly_in(self, context: str) -> bool:
        """Whether nothing may be changed in this context."""
        return self.readonly or any(table.readonly for table in self._matching(context))

    def namespace_in(self, context: str) -> str:
        """The namespace to begin with; empty and `*` are all."""
        return next((t.namespace for t in self._matching(context) if t.namespace is not None), self.namespace)

    def theme_in(self, context: str) -> str:
        """The theme's name."""
        return next((t.theme for t in self._matching(context) if t.theme is not None), self.theme)

    def metrics_in(self, context: str) -> MetricsSettings:
        """Where the numbers of live traffic come from."""
        return next((t.metrics for t in self._matching(context) if t.metrics is not None), self.metrics)


_GUARDED = {"*": ContextSettings(production=True)}


def load(path: Path | None = None) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and a sentence for each thing that is wrong in the file; what is wrong counts as not said.

    Where what is wrong may have meant to protect a context, the context is protected: a file that cannot be read at
    all makes every context a production one, a bad word in a context's table makes that one.

    Args:
        path: another file than the one in the config folder; it must exist then.
    """
    file = path or paths.settings_file()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return (Settings(), ()) if path is None else _unusable(f"{file}: there is no such file.")
    except (OSError, UnicodeDecodeError) as error:
        return _unusable(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.")
    try:
        table = parse(text, str(file))
    except BadConfig as error:
        return _unusable(error.sentence)
    reader = Reader(str(file), text)
    values = reader.fields(Settings, table, skip=("contexts", "keys", "packages", "checks", "metrics"))
    values["keys"] = _keys(reader, table.get("keys", {}))
    values["packages"] = _packages(reader, table.get("packages", {}))
    values["checks"] = _checks(reader, table.get("checks", {}), file.absolute().parent)
    folder = file.absolute().parent
    values["metrics"] = metrics = read_metrics(reader, table.get("metrics", {}), folder)
    tables = table.get("contexts", {})
    if isinstance(tables, dict):
        values["contexts"] = {name: _context(reader, name, value, folder, metrics) for name, value in tables.items()}
    else:
        reader.complain(("contexts",), tables, "tables such as [contexts.my-cluster]")
        values["contexts"] = _GUARDED
    _guard(reader, table, values)
    return Settings(**values), tuple(reader.problems)


def _keys(reader: Reader, table: object) -> dict[str, str | list[str]]:
    if not isinstance(table, dict):
        reader.complain(("keys",), table, _KEYS)
        return {}
    good: dict[str, str | list[str]] = {}
    for action, keys in table.items():
        if isinstance(keys, str) or (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
            good[action] = keys
        else:
            reader.complain(("keys", action), keys, "a key in quotes, or a list of them")
    return good


def _packages(reader: Reader, table: object) -> PackageSettings:
    if isinstance(table, dict):
        return PackageSettings(**reader.fields(PackageSettings, table, ("packages",)))
    reader.complain(("packages",), table, "a table with sources, mlflow, registry, hosts, declared_only, timeout")
    return PackageSettings()


def _checks(reader: Reader, table: object, folder: Path) -> CheckSettings:
    """What is wrong may have meant to ask for checks, so it does. Paths begin at the settings file's folder."""
    before = len(reader.problems)
    fields: dict[str, Any] = {}
    if isinstance(table, dict):
        fields = reader.fields(CheckSettings, table, ("checks",))
    else:
        reader.complain(("checks",), table, "a table with required, required_checks, plan, plans")
    if len(reader.problems) > before:
        reader.problems[-1] += " Until it is mended, an image that nobody has checked needs a reason."
        fields["required"] = True
    if fields.get("plan"):
        fields["plan"] = _from(folder, fields["plan"])
    fields["plans"] = {pattern: _from(folder, path) for pattern, path in fields.get("plans", {}).items()}
    return CheckSettings(**fields)


def _from(folder: Path, path: str) -> str:
    try:
        return str(folder / Path(path).expanduser())
    except RuntimeError:  # nobody knows where the home folder of such a user is
        return str(folder / path)


def _guard(reader: Reader, table: dict[str, Any], values: dict[str, Any]) -> None:
    """Let nothing lose its protection by a slip of the pen at the top of the file."""
    unknown = [key for key in table if key not in Settings.__struct_fields__]
    if ("readonly" in table and "readonly" not in values) or get_close_matches("readonly", unknown, 1, 0.8):
        values["readonly"] = True
        reader.problems.append(f"{reader.name}: until `readonly` is mended, nothing can be changed.")
    if get_close_matches("contexts", unknown, 1, 0.8):
        values["contexts"] = {**values["contexts"], **_GUARDED}
        reader.problems.append(f"{reader.name}: until `contexts` is mended, every context counts as production.")


def _unusable(sentence: str) -> tuple[Settings, tuple[str, ...]]:
    guard = "Until it is mended the defaults hold, and every context counts as production."
    return Settings(contexts=_GUARDED), (f"{sentence} {guard}",)


def _context(reader: Reader, name: str, value: object, folder: Path, metrics: MetricsSettings) -> ContextSettings:
    before = len(reader.problems)
    if isinstance(value, dict):
        fields = reader.fields(ContextSettings, value, ("contexts", name), skip=("metrics",))
    else:
        fields = {}
        reader.complain(("contexts", name), value, "a table with production, readonly, namespace, theme, metrics")
    if len(reader.problems) > before:
        reader.problems[-1] += f" Until it is mended, context {name} counts as production."
        fields["production"] = True
    if isinstance(value, dict) and "metrics" in value:
        path = ("contexts", name, "metrics")
        fields["metrics"] = read_metrics(reader, value["metrics"], folder, path, base=metrics)
    return ContextSettings(**fields)
