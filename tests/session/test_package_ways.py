"""Where addresses lead and images point: decided by text alone."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mlcd_tui.config.settings import PackageSettings, Settings
from mlcd_tui.domain.errors import BadConfig, Unreachable, Unreadable
from mlcd_tui.domain.package_ports import PACKAGE_ANNOTATION, Reach
from mlcd_tui.domain.rollout import ImageUse, Revision, Role, RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.session.package_desk import standalone
from mlcd_tui.session.package_hosts import way
from mlcd_tui.session.package_reading import Reading
from mlcd_tui.session.running_images import running_images
from tests.domain.recorded import opened

IMAGE = "registry.example:5000/ml/churn:7"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
GIVEN = PackageSettings(mlflow="http://user:secret@mlflow.example:5000", hosts=("models.example",))


@pytest.mark.parametrize(
    "address",
    [
        "mlflow:churn/7",
        "configmap:ml/churn",
        f"oci:registry.example:5000/ml/churn@{A}",
        "oci:models.example/other:1",
    ],
)
def test_an_address_from_a_cluster_leads_to_known_places(address: str) -> None:
    allowed = way(address, IMAGE, GIVEN)
    assert allowed.no == ""
    assert set(allowed.hosts) == {"models.example", "mlflow.example:5000", "registry.example:5000"}


def test_a_web_address_leads_to_hosts_of_the_settings_alone() -> None:
    """Whoever writes the annotation names the image, too: that makes no host trusted."""
    allowed = way("https://models.example/churn/MLmodel", "169.254.169.254/ml/churn:7", GIVEN)
    assert allowed.no == ""
    assert set(allowed.hosts) == {"models.example", "mlflow.example:5000"}
    assert way("http://169.254.169.254/latest/meta-data", "169.254.169.254/ml/churn:7", GIVEN).no


@pytest.mark.parametrize(
    "address",
    [
        "/etc",
        "./model",
        "~/model",
        "folder:/etc",
        "archive:/tmp/x.zip",
        "file:///etc/passwd",
        "docker:churn:7",
        "https://evil.example/MLmodel",
        "https://models.example@evil.example/MLmodel",
        "https://user@models.example/MLmodel",
        "https://models.example:8443/x",
        "http://169.254.169.254/latest",
        "oci:evil.example/ml/churn:7",
        "oci:churn:7",
        "oip:http://models.example/",
        "mlflow:churn/7\nx",
        "http://[::1",
        "https://models.example\uff0f@evil.example/x",
        f"https://registry.example:5000/ml/churn@{A}",
    ],
)
def test_and_nowhere_else(address: str) -> None:
    refused = way(address, IMAGE, GIVEN)
    assert refused.no
    assert refused.hosts == ()
    assert "secret" not in refused.no


def test_without_a_server_an_mlflow_address_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "set `mlflow` under [packages]" in way("mlflow:churn/7", IMAGE, PackageSettings()).no


def _detail(*images: tuple[ImageUse, ...]) -> RolloutDetail:
    detail, _now = opened("argo/canary-paused-step")
    new, old = images
    template = {"metadata": {"annotations": {PACKAGE_ANNOTATION: "mlflow:churn/7"}}}
    revisions = (
        Revision(2, (Role.CANARY,), images=new, template=template),
        Revision(1, (Role.STABLE,), images=old),
    )
    return replace(detail, revisions=revisions, raw=None)


def test_the_model_is_in_the_container_that_changed() -> None:
    sidecar = ImageUse(clean("proxy"), clean("envoy:1"), clean(B), pods=2)
    new = ImageUse(clean("server"), clean("churn:2"), clean(A), pods=2)
    old = ImageUse(clean("server"), clean("churn:1"), clean(B), pods=2)
    candidate, serving = running_images(_detail((sidecar, new), (sidecar, old)))
    assert candidate is not None
    assert serving is not None
    assert (candidate.image, candidate.digest, candidate.annotation) == ("churn:2", A, "mlflow:churn/7")
    assert (serving.image, serving.digest, serving.annotation) == ("churn:1", B, "")


def test_without_a_change_it_is_in_the_first_that_is_no_init_container() -> None:
    fetch = ImageUse(clean("fetch"), clean("fetch:1"), clean(B), init=True)
    server = ImageUse(clean("server"), clean("churn:1"), clean(A), pods=1)
    candidate, _ = running_images(_detail((fetch, server), (fetch, server)))
    assert candidate is not None
    assert candidate.image == "churn:1"


def test_a_digest_is_never_guessed() -> None:
    tagged = ImageUse(clean("server"), clean("churn:2"))
    pinned = ImageUse(clean("server"), clean(f"registry.example/churn@{A}"))
    candidate, serving = running_images(_detail((tagged,), (pinned,)))
    assert candidate is not None
    assert serving is not None
    assert (candidate.digest, serving.digest) == ("", A)
    assert "no pod of this version has pulled its image" in candidate.why_no_digest
    blind = replace(_detail((tagged,), (pinned,)), hidden=(clean("pods"),))
    unseen, _ = running_images(blind)
    assert unseen is not None
    assert unseen.why_no_digest.startswith("no right to list pods")


async def test_a_look_that_hangs_ends_within_its_time_and_is_told_to_stop() -> None:
    stopped = threading.Event()

    def hang(reach: Reach) -> int:
        while not reach.cancelled():
            time.sleep(0.01)
        stopped.set()
        return 1

    reading = Reading(PackageSettings(timeout=0.5))
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"x was not read within 1\.5 s"):
        await reading.run(hang, "x")
    assert time.monotonic() - began < 6
    assert await asyncio.to_thread(stopped.wait, 1)
    task = asyncio.create_task(reading.run(hang, "x"))
    await asyncio.sleep(0.05)
    stopped.clear()
    task.cancel()
    assert await asyncio.to_thread(stopped.wait, 1)


async def test_a_fault_of_ours_is_a_sentence() -> None:
    def fail(_reach: Reach) -> int:
        raise KeyError("x")

    with pytest.raises(Unreadable, match="mlcd-tui failed at it"):
        await Reading(PackageSettings()).run(fail, "x")


async def test_a_listing_streams_and_ends_when_nobody_listens(tmp_path: Path) -> None:
    for number in range(120):
        folder = tmp_path / f"model-{number:03}"
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {}\nmodel_uuid: 0\n")
    desk = standalone(Settings())
    names = [entry.name async for entry in desk.list(f"folder:{tmp_path}")]
    assert len(names) == 120
    before = threading.active_count()
    async for _entry in desk.list(f"folder:{tmp_path}"):
        break
    for _ in range(50):
        if threading.active_count() <= before:
            break
        await asyncio.sleep(0.02)
    assert threading.active_count() <= before


async def test_without_a_cluster_its_places_are_told_apart() -> None:
    desk = standalone(
        Settings(packages=PackageSettings(sources=("mlflow:", "/models", "/models"), mlflow="http://u:p@m"))
    )
    assert [place.address for place in desk.places()] == ["mlflow:", "/models"]
    for address in ("configmap:ml/x", "cluster:"):
        with pytest.raises(BadConfig, match="no cluster here"):
            await (desk.read(address) if "/" in address else anext(desk.list(address)))
