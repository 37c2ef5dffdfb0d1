"""`mlcd-tui demo --serve`: the simulated cluster for kubectl."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from mlcd_tui.demo.cluster import simulated


async def serve(write: Callable[[str], None], scenario: str = "default", port: int = 0) -> None:
    """Serves until interrupted; tells how to reach the cluster."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    try:
        async with simulated(scenario, port=port) as kubeconfig:
            write(f"export KUBECONFIG={kubeconfig}")
            write("# in another terminal, for instance:")
            write("#   kubectl get rollouts -A")
            write("#   kubectl argo rollouts get rollout fraud-scorer -n payments -w")
            write("# ctrl+c ends the cluster and removes the file")
            await over.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
