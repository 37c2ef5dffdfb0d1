"""Themes: what ships is readable, what users write is checked to the line."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from textual.color import Color

from mlcd_tui.config import colours, paths, themes
from mlcd_tui.domain.errors import BadConfig

SHIPPED = {path.stem: themes.read(path) for path in sorted(paths.packaged("themes").glob("*.toml"))}
TRUE_COLOUR = [theme for theme in SHIPPED.values() if not theme.ansi]
PLAIN = (paths.packaged("themes") / "mlcd-dark.toml").read_text()


# How the eye sees without one kind of cone: Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
BLIND = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> tuple[float, ...]:
    shares = (part / 255 for part in Color.parse(colour).rgb)
    return tuple(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lab(colour: str, eye: str) -> tuple[float, float, float]:
    seen = [max(0.0, sum(k * part for k, part in zip(row, linear(colour), strict=True))) for row in BLIND[eye]]
    white = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = ((sum(k * part for k, part in zip(row, seen, strict=True)) / sum(row)) ** (1 / 3) for row in white)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_promised_themes_ship_under_their_names() -> None:
    assert set(SHIPPED) >= {"mlcd-dark", "mlcd-light", "high-contrast", "colour-blind", "ansi"}
    assert all(name == theme.name for name, theme in SHIPPED.items())
    assert SHIPPED["ansi"].ansi


@pytest.mark.parametrize("theme", TRUE_COLOUR, ids=lambda theme: theme.name)
def test_every_text_can_be_read_on_every_ground(theme: themes.ThemeFile) -> None:
    least = 7.0 if theme.name == "high-contrast" else 4.5
    tones = msgspec.structs.asdict(theme.tones)
    selected = tones.pop("selected")
    names = ("primary", "secondary", "accent", "warning", "error", "success", "foreground")
    texts = {**tones, **{name: getattr(theme, name) for name in names}}
    for ground in (theme.background, theme.surface, theme.panel, theme.boost, selected):
        poor = {
            name: round(contrast(text, ground), 2) for name, text in texts.items() if contrast(text, ground) < least
        }
        assert not poor, f"on {ground}"


@pytest.mark.parametrize("eye", BLIND)
def test_colour_blind_tones_are_told_apart_by_every_eye(eye: str) -> None:
    tones = msgspec.structs.asdict(SHIPPED["colour-blind"].tones)
    marks = [tones[name] for name in ("new", "stable", "waits", "broken", "mirror")]
    near = {(a, b): round(math.dist(lab(a, eye), lab(b, eye))) for a, b in combinations(marks, 2)}
    assert min(near.values()) >= 15, near


def test_textual_knows_every_colour_that_is_allowed() -> None:
    for name in colours.CSS | colours.TERMINAL:
        Color.parse(name)
    for text in ("#abc", "#abcd", "#a1b2c3", "#A1B2C3D4"):
        assert colours.is_colour(text, ansi=False)
        Color.parse(text)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'primary = "#5cabff"',
            'primary = "bluish"',
            r':4: primary: the text "bluish" is not allowed here; allowed is #rgb',
        ),
        ('waits = "#e8b14c"', "waits = 7", r":\d+: tones.waits: 7 is not allowed here"),
        (
            'waits = "#e8b14c"',
            'wait = "#e8b14c"',
            r"tones.wait: there is no such setting; did you mean waits\?.*1 more",
        ),
        ('name = "mlcd-dark"', 'name = "My Theme"', r':2: name: the text "My Theme" .*allowed is a-z, 0-9 and -'),
        ('panel = "#1c232f"\n', "", r":1: the theme lacks panel\."),
        ('new = "#5cabff"', "#", r":\d+: \[tones\] lacks new\."),
        ("dark = true", "dark = true\nansi = true", r"is not allowed here; allowed is a terminal colour"),
        ("dark = true", "dark = = true", r":3: this is not TOML: Invalid value"),
        ("dark = true", 'dark = true\nvariables = {"A b" = "red"}', r'variables."A b": a variable\'s name has only'),
        ("[tones]", "[tonnes]", r"lacks|no such setting"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in PLAIN
    file = tmp_path / "mine.toml"
    file.write_text(PLAIN.replace(old, new))
    with pytest.raises(BadConfig, match=rf"mine\.toml:?.*{sentence}"):
        themes.read(file)


def test_users_themes_join_the_shipped_and_a_bad_one_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(PLAIN.replace('"mlcd-dark"', '"mine"'))
    (tmp_path / "b.toml").write_text("name = ")
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "d.toml").write_text(PLAIN.replace("#5cabff", "#ffffff"))
    found, problems = themes.load_all(tmp_path)
    assert set(found) == set(SHIPPED) | {"mine"}
    assert found["mlcd-dark"].primary == "#ffffff"
    assert [problem.split(":")[0].rpartition("/")[2].split(" ")[0] for problem in problems] == ["b.toml", "c.toml"]
    assert themes.load_all(tmp_path / "none")[1] == ()
    assert themes.choose(found, "mine") == ("mine", "")
    name, sentence = themes.choose(found, "pink")
    assert name == "mlcd-dark"
    assert "no theme pink" in sentence
    assert "high-contrast" in sentence
