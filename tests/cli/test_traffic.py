"""`rollouts traffic` on the simulated cluster and its Prometheus."""

from __future__ import annotations

import pytest
import yaml

from mlcd_tui.demo.cluster import prometheus_of
from tests.cli.conftest import Cli


@pytest.fixture
def measured(seen: Cli) -> Cli:
    """The command line with the cluster's own Prometheus in its settings."""
    address, token = prometheus_of(str(seen.cluster.kubeconfig))
    seen.settings(f'[metrics]\naddress = "{address}"\ntoken = "{token}"\nlatency_limit_ms = 100\n')
    return seen


def test_a_table_with_both_versions_and_the_verdicts(measured: Cli) -> None:
    result = measured("rollouts", "traffic", "nlp/tokenizer")
    assert result.exit_code == 0, result.output
    source, head, serving, candidate, *verdicts = result.stdout.splitlines()
    assert source.startswith("Prometheus at 127.0.0.1:")
    assert head.split()[:4] == ["VERSION", "ROLE", "SHARE", "REQUESTS"]
    assert serving.split()[:4] == ["1.3.0", "serving", "75", "%"]
    assert candidate.split()[:2] == ["1.3.1", "candidate"]
    assert verdicts[0].startswith("error rate: worse: ")
    assert verdicts[1].startswith("requests above 100 ms: ")


def test_a_document_with_copies(measured: Cli) -> None:
    document = measured.json("rollouts", "traffic", "vision/nsfw", "--window", "5m")
    assert (document["kind"], document["windowSeconds"], document["problem"]) == ("Traffic", 300, "")
    serving, shadow = document["versions"]
    assert (serving["role"], shadow["role"], shadow["share"]) == ("serving", "shadow", 0)
    assert document["copied"] == shadow["requests"] > 1_000
    assert shadow["latencyMs"]["p50"] > serving["latencyMs"]["p50"]
    assert len(serving["series"]["requestsPerSecond"]) == 20
    slow = document["verdicts"][1]
    assert (slow["what"], slow["judgement"]) == ("requests above 100 ms", "worse")
    assert slow["candidate"]["of"] > slow["candidate"]["counted"] > 0
    same = yaml.safe_load(measured("rollouts", "traffic", "vision/nsfw", "-o", "yaml").stdout)
    assert same.keys() == document.keys()


def test_a_settings_file_of_the_users_own_is_not_asked_for_the_demo(seen: Cli) -> None:
    seen.settings('[metrics]\naddress = "http://127.0.0.1:1"\ntoken = "mine"\nmargin = 0.2\n')
    document = seen.json("rollouts", "traffic", "payments/fraud-scorer", "--demo")
    assert document["verdicts"][0]["judgement"] == "not worse"
    assert "20 points" in document["verdicts"][0]["sentence"]


def test_without_an_address_it_says_what_to_write(seen: Cli) -> None:
    result = seen("rollouts", "traffic", "nlp/tokenizer")
    assert result.exit_code == 1
    assert "no metrics are configured: set `address` under [metrics]" in result.stderr


def test_what_cannot_be_read_is_told_and_ends_with_1(measured: Cli) -> None:
    result = measured("rollouts", "traffic", "ads/ctr")
    assert result.exit_code == 1
    assert "which versions get traffic cannot be told" in result.stderr
    assert measured("rollouts", "traffic", "ads/nothing").exit_code == 1


@pytest.mark.parametrize("window", ["5s", "2000h", "soon"])
def test_a_window_that_makes_no_sense(seen: Cli, window: str) -> None:
    assert seen("rollouts", "traffic", "nlp/tokenizer", "--window", window).exit_code == 2


def test_the_doctor_says_whether_the_source_answers_and_what_it_has(measured: Cli) -> None:
    def finding() -> str:
        items = {item["about"]: item for item in measured.json("doctor", code=measured("doctor").exit_code)["items"]}
        return f"{items['metrics']['ok']}: {items['metrics']['sentence']}"

    assert finding().startswith("True: Prometheus at 127.0.0.1:")
    assert finding().endswith(" answers; it has the servers' own numbers")
    measured.settings('[metrics]\naddress = "http://127.0.0.1:1"\n')
    assert finding().startswith("False: Prometheus at 127.0.0.1:1: no connection comes about.")
    measured.settings("")
    assert finding() == "None: no address under [metrics]: there are no numbers of live traffic"
