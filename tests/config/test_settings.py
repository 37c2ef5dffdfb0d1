"""Settings: every wrong thing is told with its line, and nothing loses its protection by a slip."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.config import paths
from mlcd_tui.config.settings import CheckSettings, ContextSettings, PackageSettings, Settings, load
from mlcd_tui.config.toml_file import lines_of
from mlcd_tui.domain.text import clean

SAMPLE = paths.packaged("sample_configs") / "config.toml"


def loaded(tmp_path: Path, text: str) -> tuple[Settings, tuple[str, ...]]:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


def test_sample_is_right_names_every_setting_and_states_the_defaults() -> None:
    found, problems = load(SAMPLE)
    assert problems == ()
    text = SAMPLE.read_text()
    for name in (
        *Settings.__struct_fields__,
        *ContextSettings.__struct_fields__,
        *PackageSettings.__struct_fields__,
        *CheckSettings.__struct_fields__,
    ):
        assert name in text
    assert msgspec.structs.replace(found, contexts={}) == Settings()
    assert found.production_in("prod-eu")
    assert not found.production_in("lab")


def test_no_file_is_no_problem_unless_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "none"))
    assert load() == (Settings(), ())
    found, problems = load(tmp_path / "mine.toml")
    assert "mine.toml: there is no such file." in problems[0]
    assert found.production_in("any")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('mouse = "yes"', ':2: mouse: the text "yes" is not allowed here; allowed is true or false.'),
        ("theme = 3", ":2: theme: 3 is not allowed here; allowed is text in quotes."),
        ("patience = 0", ":2: patience: 0 is not allowed here; allowed is seconds, 1 to 3600."),
        ("refresh = true", ":2: refresh: true is not allowed here; allowed is pictures a second, 1 to 25."),
        ("log_lines = 1.5", ":2: log_lines: 1.5 is not allowed here; allowed is a whole number, 1 to 100000."),
        (
            "refesh = 2",
            ":2: refesh: there is no such setting; did you mean refresh? There is: ascii, checks, contexts,",
        ),
        ('[keys]\n"a.b" = 4', ':3: keys."a.b": 4 is not allowed here; allowed is a key in quotes, or a list of them.'),
        ("keys = 4", ":2: keys: 4 is not allowed here; allowed is action ids with a key"),
        ("[contexts.a]\nnamespace = 1", ":3: contexts.a.namespace: 1 is not allowed here; allowed is text in quotes."),
        ("packages = 3", ":2: packages: 3 is not allowed here; allowed is a table with sources, mlflow, registry"),
        ("[packages]\nhosts = [1]", ":3: packages.hosts: a list is not allowed here; allowed is a list of texts"),
        ("[packages]\nmflow = ''", ":3: packages.mflow: there is no such setting; did you mean mlflow?"),
        ("[packages]\ntimeout = 0", ":3: packages.timeout: 0 is not allowed here; allowed is seconds, 0.5 to 300."),
        ("contexts = {a = {theme = 1}}", ":2: contexts.a.theme: 1 is not allowed here"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_rest_holds(tmp_path: Path, text: str, sentence: str) -> None:
    found, problems = loaded(tmp_path, f"editor = 'ed'\n{text}\n")
    assert len(problems) == 1
    assert problems[0].startswith(f"{tmp_path}/config.toml{sentence}"), problems
    assert msgspec.structs.replace(found, contexts={}) == Settings(editor="ed")


@pytest.mark.parametrize("text", ["theme = \n", "a = [", "\x00", "[contexts\n", "x = " + "[" * 3000])
def test_a_file_that_is_not_toml_makes_every_context_a_production_one(tmp_path: Path, text: str) -> None:
    found, problems = loaded(tmp_path, text)
    assert "config.toml:1: this is not TOML" in problems[0]
    assert "every context counts as production" in problems[0]
    assert found.production_in("lab")


def test_binary_and_folders_are_told_too(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xff")
    for path in (tmp_path, tmp_path / "b.toml"):
        found, problems = load(path)
        assert "cannot be read" in problems[0]
        assert found.production_in("lab")


@pytest.mark.parametrize(
    ("text", "production", "readonly"),
    [
        ("[contexts.eu]\nproduktion = true", True, False),
        ("[contexts.eu]\nproduction = 'yes'", True, False),
        ("contexts.eu = true", True, False),
        ("[context.eu]\nproduction = true", True, False),
        ("readonly = 'yes'", False, True),
        ("read_only = true", False, True),
        ("[contexts.eu]\nreadonly = true", False, True),
    ],
)
def test_no_slip_takes_a_protection_away(tmp_path: Path, text: str, *, production: bool, readonly: bool) -> None:
    found, _ = loaded(tmp_path, text)
    assert (found.production_in("eu"), found.readonly_in("eu")) == (production, readonly)


def test_plans_lie_beside_the_settings_and_keep_their_order(tmp_path: Path) -> None:
    text = '[checks]\nplan = "checks.yaml"\n[checks.plans]\n"z/*" = "/srv/z.yaml"\n"a/*" = "plans/a.yaml"\n'
    found, problems = loaded(tmp_path, text)
    assert problems == ()
    assert found.checks.plan == str(tmp_path / "checks.yaml")
    assert list(found.checks.plans.items()) == [("z/*", "/srv/z.yaml"), ("a/*", str(tmp_path / "plans/a.yaml"))]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plan = 3", "checks.plan: 3 is not allowed here; allowed is text in quotes."),
        ("plans = ['a']", "checks.plans: a list is not allowed here; allowed is a table such as"),
        ("required_check = ['a']", "checks.required_check: there is no such setting; did you mean required_checks?"),
    ],
)
def test_a_slip_that_may_have_asked_for_checks_asks_for_them(tmp_path: Path, text: str, sentence: str) -> None:
    found, problems = loaded(tmp_path, f"[checks]\n{text}\n")
    assert sentence in problems[0]
    assert found.checks.required


def test_a_context_has_its_own_table_before_patterns_and_the_rest(tmp_path: Path) -> None:
    found, problems = loaded(
        tmp_path,
        'namespace = "all"\n[contexts."p-*"]\nproduction = true\nnamespace = "b"\ntheme = "x"\n[contexts.p-eu]\nnamespace = "c"\n',
    )
    assert problems == ()
    assert (found.namespace_in("p-eu"), found.namespace_in("p-us"), found.namespace_in("lab")) == ("c", "b", "all")
    assert (found.theme_in("p-eu"), found.theme_in("lab")) == ("x", "mlcd-dark")
    assert found.production_in("p-eu")


def test_lines_are_found_behind_quotes_dots_and_long_texts() -> None:
    text = 'a = """\nb = 1\n"""\n[x."y z"]\n\'k\' . "l" = 2 # c = 1\n[[t]]\nb = 1\n'
    assert lines_of(text) == {("a",): 1, ("x", "y z"): 4, ("x", "y z", "k", "l"): 5, ("t",): 6, ("t", "b"): 7}


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    table=st.dictionaries(
        st.sampled_from([*Settings.__struct_fields__, "other", "contexts.a", "contexts.a.theme", "keys.b"]), _VALUES
    )
)
def test_any_values_never_raise_and_every_sentence_is_harmless(tmp_path: Path, table: dict[str, object]) -> None:
    text = "\n".join(f"{key} = {msgspec.json.encode(value).decode()}" for key, value in table.items())
    found, problems = loaded(tmp_path, text.replace("null", "nan"))
    assert isinstance(found, Settings)
    for problem in problems:
        assert clean(problem) == problem


def test_folders_are_those_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("MLCD_CONFIG_DIR", "MLCD_STATE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("platformdirs.user_state_path", lambda app: tmp_path / "state" / app)
    assert paths.audit_file() == tmp_path / "state" / "mlcd-tui" / "audit.jsonl"
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("MLCD_CONFIG_DIR", "~/here")
    assert paths.state_file() == tmp_path / "other" / "state.json"
    assert paths.settings_file() == Path.home() / "here" / "config.toml"
    assert paths.packaged("themes").is_dir()
