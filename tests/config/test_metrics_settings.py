"""`[metrics]`: wrong things are told with their line, and no login goes where it was not meant to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.config.settings import Settings, load

LOGIN = '[metrics]\naddress = "https://one.example/prom"\ntoken_file = "token"\nmargin = 0.005\n'


def loaded(tmp_path: Path, text: str) -> tuple[Settings, tuple[str, ...]]:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load(file)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('address = "prometheus:9090"', "metrics.address: this is no address; allowed is an address such as"),
        ('address = "http://a:b@c"', "metrics.address: a password does not belong into the address; use user and"),
        ('address = "http://c:99999"', "metrics.address: this is no address"),
        ('address = "http://c/?x=1"', "metrics.address: an address has no query or fragment"),
        ("margin = 1", "metrics.margin: 1 is not allowed here; allowed is a share above 0 and below 1, such as 0.01."),
        ('adress = "http://c"', "metrics.adress: there is no such setting; did you mean address?"),
        ('queries.own.latency = "x"', "metrics.queries.own.requests: a set of queries has to say how requests are"),
        ("queries.own.requests = 'x{a={service}}'", '{service} has to stand in double quotes, such as service="{ser'),
        (
            "queries.own.requests = 'x{a=\"{poddy}\"}'",
            "there is no placeholder {poddy}; there is: namespace, service, wo",
        ),
        ("queries.own = {requests = 'x', failing = '('}", "metrics.queries.own.failing: this is no regular expression"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_left_out(tmp_path: Path, line: str, sentence: str) -> None:
    found, problems = loaded(tmp_path, f"[metrics]\n{line}\n")
    assert len(problems) == 1
    assert sentence in problems[0]
    assert problems[0].split(":")[1] == "2"
    assert found.metrics == MetricsSettings()


def test_of_two_ways_to_log_in_none_is_tried(tmp_path: Path) -> None:
    found, problems = loaded(tmp_path, '[metrics]\ntoken = "a"\nuser = "b"\npassword = "c"\n')
    assert "only one of token, user can be used; until it is mended, none is." in problems[0]
    assert (found.metrics.token, found.metrics.user, found.metrics.password) == ("", "", "")


def test_a_context_has_its_own_and_inherits_no_login_for_another_address(tmp_path: Path) -> None:
    text = LOGIN + '[contexts."prod-*".metrics]\naddress = "https://two.example"\n[contexts.lab.metrics]\nwindow = 60\n'
    found, problems = loaded(tmp_path, text)
    assert problems == ()
    there, here, lab = found.metrics_in("prod-eu"), found.metrics_in("any"), found.metrics_in("lab")
    assert (there.address, there.token_file, there.margin) == ("https://two.example", "", 0.005)
    assert (here.address, here.token_file) == ("https://one.example/prom", str(tmp_path / "token"))
    assert (lab.token_file, lab.window) == (here.token_file, 60)
    assert not found.production_in("prod-eu")
