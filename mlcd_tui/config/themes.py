"""Theme files: colours and the tones that give them meaning. Data only; the screens make themes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mlcd_tui.config import paths
from mlcd_tui.config.colours import is_colour
from mlcd_tui.config.settings import Switch
from mlcd_tui.config.toml_file import Reader, parse
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

DEFAULT = "mlcd-dark"

Colour = Annotated[str, Meta(description="a colour in quotes, such as #4ea1ff")]


class Tones(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One colour for each meaning; a glyph and a word always stand beside it."""

    new: Colour
    """The new version."""
    stable: Colour
    """What serves, what passed."""
    waits: Colour
    """What waits for a person."""
    broken: Colour
    mirror: Colour
    """Copied traffic, previews."""
    moving: Colour
    dim: Colour
    """Most text."""
    bright: Colour
    """The decision."""
    selected: Colour
    """Background of the row under the cursor."""


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One theme."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="a-z, 0-9 and -, in quotes")]
    dark: Switch = True
    ansi: Switch = False
    """Painted with the terminal's own sixteen colours (`ansi_red`, `ansi_default` …)."""
    primary: Colour
    secondary: Colour
    accent: Colour
    warning: Colour
    error: Colour
    success: Colour
    foreground: Colour
    background: Colour
    surface: Colour
    panel: Colour
    boost: Colour
    tones: Tones
    variables: dict[str, Colour] = {}
    """Further variables of the style sheets, for those who know them."""


def read(file: Path) -> ThemeFile:
    """One theme file.

    Raises:
        BadConfig: it cannot be used; the sentence names file and line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{clean(file)} cannot be read: {clean(getattr(error, 'strerror', None) or error)}.") from error
    table = parse(text, str(file))
    reader = Reader(str(file), text)
    values = reader.fields(ThemeFile, table, skip=("tones", "variables"))
    tones = _table(reader, table, "tones")
    fields = reader.fields(Tones, tones, ("tones",))
    variables = _table(reader, table, "variables")
    _missing(reader, ThemeFile, {*values, "tones"}, ())
    _missing(reader, Tones, set(tones), ("tones",))
    _colours(reader, values, fields, variables)
    if reader.problems:
        more = len(reader.problems) - 1
        raise BadConfig(reader.problems[0] + (f" ({more} more like it.)" if more else ""))
    return ThemeFile(**values, tones=Tones(**fields), variables=variables)


def _table(reader: Reader, table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if isinstance(value, dict):
        return value
    reader.complain((key,), value, f"a table [{key}] of colours")
    return {}


def _missing(reader: Reader, struct: type[msgspec.Struct], there: set[str], path: tuple[str, ...]) -> None:
    names = [field.name for field in msgspec.structs.fields(struct) if field.required and field.name not in there]
    bad = {problem.split(": ")[1] for problem in reader.problems}
    names = [name for name in names if ".".join((*path, name)) not in bad]
    if names:
        where = f"[{'.'.join(path)}]" if path else "the theme"
        reader.problems.append(f"{clean(reader.name)}:{reader.line(path)}: {where} lacks {', '.join(names)}.")


def _colours(reader: Reader, values: Mapping[str, Any], tones: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    ansi = values.get("ansi", False) is True
    kind = "a terminal colour such as ansi_red or ansi_default" if ansi else "#rgb, #rrggbb or the name of a CSS colour"
    pairs: list[tuple[tuple[str, ...], object]] = [
        ((key,), value) for key, value in values.items() if key not in {"name", "dark", "ansi"}
    ]
    pairs += [(("tones", key), value) for key, value in tones.items()]
    pairs += [(("variables", key), value) for key, value in variables.items()]
    for path, value in pairs:
        if not isinstance(value, str) or not is_colour(value, ansi=ansi):
            reader.complain(path, value, kind)
        elif path[0] == "variables" and not re.fullmatch(r"[a-z][a-z0-9-]*", path[1]):
            reader.tell(path, "a variable's name has only a-z, 0-9 and -.")


def load_all(user: Path | None = None) -> tuple[dict[str, ThemeFile], tuple[str, ...]]:
    """Every theme by its name, those of the user over those that ship, and a sentence for each file in error.

    Args:
        user: another folder than `themes` in the config folder.
    """
    themes: dict[str, ThemeFile] = {}
    problems: list[str] = []
    for folder in (paths.packaged("themes"), user or paths.user_themes()):
        for file in sorted(folder.glob("*.toml")):
            try:
                theme = read(file)
            except BadConfig as error:
                problems.append(f"{error.sentence} The theme is left out.")
            else:
                themes[theme.name] = theme
    return themes, tuple(problems)


def choose(themes: Mapping[str, ThemeFile], wanted: str) -> tuple[str, str]:
    """The name of the theme to use, and a sentence when it is not the one that was wanted (else empty)."""
    if wanted in themes:
        return wanted, ""
    there_is = ", ".join(sorted(themes))
    return DEFAULT, f"There is no theme {clean(wanted, limit=60)}; {DEFAULT} is used. There is: {there_is}."
