"""Takes the README's pictures from the demo, so that they never lie: `make pictures`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.cli.wiring import ENGINES
from mlcd_tui.config.state import StateFile
from mlcd_tui.config.themes import load_all
from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.options import Options
from mlcd_tui.ui.app import MlcdApp

TARGET = Path(__file__).parents[2] / "docs" / "images"
FRAUD = RolloutRef("argo", "payments", "fraud-scorer")


async def _shoot(app: MlcdApp, pilot: Pilot[None], name: str) -> None:
    await pilot.pause(1.0)
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / f"{name}.svg").write_text(app.export_screenshot(title="mlcd-tui", simplify=True), encoding="utf-8")


async def take() -> None:
    """Fleet, rollout and approval, 120×30, in the default theme."""
    with DemoCluster() as cluster, tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        options = Options(kubeconfig=str(cluster.kubeconfig))
        session = LiveSession(ENGINES.all, options, lambda: AuditLog(path / "audit.jsonl"))
        app = MlcdApp(session, state=StateFile(path / "state.json"), themes=load_all(path)[0])
        async with app.run_test(size=(120, 30)) as pilot:
            await pilot.pause(1.0)
            await _shoot(app, pilot, "fleet")
            app.open_rollout(FRAUD)
            await _shoot(app, pilot, "rollout")
            await pilot.press("p")
            await _shoot(app, pilot, "approval")


if __name__ == "__main__":
    asyncio.run(take())
