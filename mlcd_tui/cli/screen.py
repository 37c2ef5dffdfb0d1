"""Opens the screen."""

from __future__ import annotations

from contextlib import ExitStack

import click

from mlcd_tui.cli.logfile import log_to_file
from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import Wired, fail, wire
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import clean


def open_screen(globals_: Globals) -> None:
    """Run the UI until it is left. The simulated cluster, where asked for, ends with it."""
    with ExitStack() as stack:
        try:
            kubeconfig = None
            if globals_.demo:
                from mlcd_tui.demo.cluster import DemoCluster

                kubeconfig = str(stack.enter_context(DemoCluster(globals_.scenario)).kubeconfig)
            wired = wire(globals_, kubeconfig)
        except Problem as problem:
            fail(problem)
        _run(globals_, wired)


def _run(globals_: Globals, wired: Wired) -> None:
    from mlcd_tui.config.themes import load_all
    from mlcd_tui.ui.app import MlcdApp

    themes, problems = load_all()
    problems = (*wired.problems, *problems)
    settings = wired.settings
    if globals_.theme is not None and globals_.theme not in themes:
        there_is = ", ".join(sorted(themes))
        click.echo(f"mlcd-tui: there is no theme {clean(globals_.theme)}; there is: {there_is}.", err=True)
        raise SystemExit(2)
    log_to_file()
    app = MlcdApp(wired.session, settings=settings, themes=themes, problems=problems)
    app.run(mouse=settings.mouse and not globals_.no_mouse)
    if app.return_code:
        raise SystemExit(app.return_code)
