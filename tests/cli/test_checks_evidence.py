"""`checks verify|publish|link`: what evidence comes to, wherever it lies: here, in a file, the cluster, a registry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlcd_tui.checks.evidence.keys import keygen
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.cli.check_desks import ask
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.checks import CheckRun
from mlcd_tui.session.check_desk import Checks, store_here
from tests.checks.runs_made import CONFIG, MANIFEST, OTHER, run
from tests.cli.conftest import Cli, Command
from tests.cli.registry_made import SmallRegistry, good, serving

# Verifying ------------------------------------------------------------------------------------------------------------


def test_evidence_is_judged_for_the_digest_that_runs(alone: Command, home: Path, kept: CheckRun) -> None:
    EvidenceStore(home / "checks").add(good(kept, finished=datetime.now(UTC)))
    assert alone("verify", kept.id).exit_code == 1
    assert alone("verify", "good").exit_code == 0
    assert alone("verify", "good", "--image", f"churn@{MANIFEST}").exit_code == 0
    other = alone("verify", "good", "--image", f"churn@{OTHER}")
    assert other.exit_code == 1
    assert "stale" in other.stdout
    assert alone("verify", "good", "--image", "churn:1").exit_code == 2
    old = alone("verify", "good", "--max-age", "0s", "-o", "json")
    assert old.exit_code == 1
    document = json.loads(old.stdout)
    assert (document["kind"], document["ok"], document["checks"][0]["state"]) == ("CheckVerification", False, "stale")
    assert alone("verify", "--image", f"churn@{CONFIG}").exit_code == 0  # the newest word counts
    assert alone("verify", "--image", f"churn@{OTHER}").exit_code == 1
    assert alone("verify").exit_code == 2
    assert alone("verify", "nobody").exit_code == 1


def test_only_what_a_trusted_key_signed_counts_when_asked_and_forgery_never(
    alone: Command, home: Path, kept: CheckRun
) -> None:
    plain = home / "plain.json"
    plain.write_bytes(EvidenceStore(home / "a").seal(good(kept), 1 << 20))
    assert alone("verify", str(plain)).exit_code == 0
    unsigned = alone("verify", str(plain), "--signed")
    assert unsigned.exit_code == 1
    assert "does not count" in unsigned.stderr
    keygen(home)
    signed = home / "signed.json"
    signed.write_bytes(store_here().seal(good(kept), 1 << 20))
    assert alone("verify", str(signed), "--signed").exit_code == 0
    forged = json.loads(signed.read_text("utf-8"))
    forged["payload"] = json.loads(store_here().seal(good(kept, id="other"), 1 << 20))["payload"]
    (home / "forged.json").write_text(json.dumps(forged), "utf-8")
    assert alone("verify", str(home / "forged.json")).exit_code == 1
    (home / "rubbish").write_bytes(b"\x00\xff{")
    assert alone("verify", str(home / "rubbish")).exit_code == 2


def test_a_run_of_mere_advice_speaks_for_no_image(alone: Command, home: Path, kept: CheckRun) -> None:
    keygen(home)
    advice = tuple(replace(result, required=False) for result in kept.results)
    (home / "advice.json").write_bytes(store_here().seal(replace(kept, results=advice), 1 << 20))
    told = alone("verify", str(home / "advice.json"), "--signed")
    assert told.exit_code == 1
    assert "does not speak for the image" in told.stdout


def test_what_cosign_signed_is_verified_in_an_envelope_in_a_bundle_and_by_a_bundle_beside_it(
    alone: Command, home: Path
) -> None:
    recorded = Path(__file__).parents[1] / "checks" / "evidence" / "cosign"
    (home / "trusted_keys").mkdir()
    shutil.copy(recorded / "cosign.pub", home / "trusted_keys" / "release.pub")
    for name in ("attestation-1.json", "bundle.json", "signed.json", "signed.json.sigstore.json"):
        shutil.copy(recorded / name, home)
    for name in ("attestation-1.json", "bundle.json", "signed.json"):
        found = alone("verify", name, "--signed", "-o", "json")
        assert found.exit_code == 1, "a check of it failed"
        (item,) = json.loads(found.stdout)["items"]
        assert (item["signature"], item["signer"]) == ("verified", "release"), name
    (home / "signed.json").write_bytes((home / "signed.json").read_bytes().replace(b'"failed"', b'"passed"'))
    assert alone("verify", "signed.json").exit_code == 2, "it contradicts itself"
    (home / "signed.json").write_bytes((recorded / "signed.json").read_bytes().replace(b'"maria"', b'"marta"'))
    found = alone("verify", "signed.json", "--signed")
    assert found.exit_code == 1
    assert "is broken" in found.stderr


def test_the_settings_hold_where_there_is_no_cluster(alone: Command, home: Path, kept: CheckRun) -> None:
    EvidenceStore(home / "checks").add(good(kept, finished=datetime.now(UTC)))
    image = f"churn@{MANIFEST}"
    assert alone("verify", "--image", image).exit_code == 0
    (home / "config.toml").write_text(
        '[checks]\nrequired_checks = ["licence"]\n[packages]\nregistry = false\n', "utf-8"
    )

    async def asked(desk: Checks) -> bool:
        return (await desk._look()).search.registries

    assert ask(asked, Globals()) is False
    for what in ((), ("good",)):
        found = alone("verify", *what, "--image", image, "-o", "json")
        assert found.exit_code == 1
        states = {each["name"]: each["state"] for each in json.loads(found.stdout)["checks"]}
        assert states == {"lint": "passed", "tests": "passed", "licence": "missing"}
    (home / "config.toml").write_text('[checks]\nplan = "gone.yaml"\n', "utf-8")
    found = alone("verify", "--image", image)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "gone.yaml" in found.stderr
    assert alone("show", "--config", "nowhere.toml").exit_code == 2


# Another build's push -------------------------------------------------------------------------------------------------


def test_what_was_checked_before_the_push_counts_for_what_was_pushed(
    alone: Command, home: Path, kept: CheckRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "no-login"))
    identity = replace(kept.image, config_digest=CONFIG, manifest_digest="")
    EvidenceStore(home / "checks").add(good(kept, image=identity, finished=datetime.now(UTC)))
    with serving() as registry:
        pushed, host = registry.image("churn", CONFIG), registry.host
        assert alone("verify", "--image", f"churn@{pushed}").exit_code == 1
        linked = alone("link", f"{host}/churn:7")
        again = alone("link", f"{host}/churn:7", "-o", "json")
    assert linked.exit_code == 0, linked.output
    assert f"{host}/churn:7 is {pushed}" in linked.stdout
    document = json.loads(again.stdout)
    assert (document["kind"], document["digest"], document["of"]) == ("CheckLink", pushed, [CONFIG])
    assert alone("verify", "--image", f"churn@{pushed}").exit_code == 0
    assert alone("link", "churn:7").exit_code == 2
    assert alone("link", f"{host}/churn:7").exit_code == 4  # the registry is gone by now


# The registry ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def registry(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallRegistry]:
    """A registry that asks nobody for a login."""
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "no-login"))
    with serving() as found:
        yield found


def test_a_run_is_put_beside_its_image_only_when_it_is_said_so_and_is_read_back_from_there(
    alone: Command, home: Path, kept: CheckRun, registry: SmallRegistry
) -> None:
    digest = registry.image("serving/churn", CONFIG)
    image = f"{registry.host}/serving/churn@{digest}"
    identity = replace(kept.image, config_digest=CONFIG, manifest_digest="")
    EvidenceStore(home / "checks").add(good(kept, image=identity, finished=datetime.now(UTC)))
    publish = ("publish", "good", "--registry", "--image")
    assert alone(*publish, f"{registry.host}/serving/churn:7").exit_code == 2, "a tag may mean another image tomorrow"
    dry = alone(*publish, image, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, f"Would put run good beside {image} in its registry.\n")
    assert alone(*publish, image).exit_code == 3, "nobody said yes"
    assert registry.referrers == 0
    done = alone(*publish, image, "--yes", "-o", "json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert (document["kind"], document["run"], document["image"]) == ("CheckPush", "good", image)
    assert document["digest"].startswith("sha256:")
    assert registry.referrers == 1
    for file in (home / "checks").glob("*/**/*.json"):
        file.unlink()  # another machine knows nothing of the run but what the registry has
    seen = alone("verify", "--image", image, "-o", "json")
    assert seen.exit_code == 0, seen.output
    (found,) = json.loads(seen.stdout)["items"]
    assert found["foundIn"] == f"referrer of {registry.host}/serving/churn"
    assert alone("verify", "--image", image, "--signed").exit_code == 1
    assert alone("verify", "--image", image.replace(digest, OTHER)).exit_code == 1


def test_a_run_of_another_image_is_not_put_beside_it_and_a_registry_that_is_gone_is_told(
    alone: Command, home: Path, kept: CheckRun, registry: SmallRegistry
) -> None:
    digest = registry.image("serving/churn", OTHER)
    image = f"{registry.host}/serving/churn@{digest}"
    other = alone("publish", kept.id, "--registry", "--image", image, "--yes")
    assert (other.exit_code, other.stdout) == (2, ""), other.output
    assert "did not check" in other.stderr
    assert registry.referrers == 0
    nobody = alone("publish", "nobody", "--registry", "--image", image, "--yes")
    assert nobody.exit_code == 1
    local = alone("publish", kept.id, "--registry", "--image", f"churn@{digest}", "--yes")
    assert local.exit_code == 2
    assert "names no registry" in local.stderr
    registry.close()
    assert alone("publish", kept.id, "--registry", "--image", image, "--yes").exit_code == 4
    gone = alone("verify", "--image", image)
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert "does not answer" in gone.stderr
    (home / "config.toml").write_text("[packages]\nregistry = false\n", "utf-8")
    assert "does not answer" not in alone("verify", "--image", image).output


# The cluster ----------------------------------------------------------------------------------------------------------


def test_a_kept_run_is_published_only_when_it_is_said_so_and_needs_a_digest(acted: Cli) -> None:
    EvidenceStore(acted.home / "checks").add(good(run(finished=datetime.now(UTC))))
    image = f"churn@{MANIFEST}"
    assert acted("checks", "publish", "good", "--image", "churn:1", "-n", "payments").exit_code == 2
    assert acted("checks", "publish", "good", "--image", image).exit_code == 2
    dry = acted("checks", "publish", "good", "--image", image, "-n", "payments", "--dry-run", "-o", "json")
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.stdout)["kind"] == "CheckPublication"
    assert acted("checks", "publish", "good", "--image", image, "-n", "payments").exit_code == 3
    done = acted("checks", "publish", "good", "--image", image, "-n", "payments", "--yes")
    assert (done.exit_code, done.stdout.splitlines()[-1].partition(":")[0]) == (0, "done"), done.output
    for file in (acted.home / "checks").glob("*/**/*.json"):
        file.unlink()  # another machine knows nothing of the run but what is published
    seen = acted("checks", "verify", "--image", image, "-n", "payments", "-o", "json")
    assert seen.exit_code == 0, seen.output
    (found,) = json.loads(seen.stdout)["items"]
    assert found["foundIn"].startswith("ConfigMap mlcd-checks-")
    elsewhere = acted("checks", "verify", "--image", image, "-n", "default", "-o", "json")
    assert (elsewhere.exit_code, json.loads(elsewhere.stdout)["items"]) == (1, [])
