"""Options that every command takes, before or behind the command's name, and what they add up to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_KEY = "mlcd_tui.globals"
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
FORMATS = ("table", "json", "yaml")
PACKAGE_FORMATS = (*FORMATS, "markdown")


@dataclass(frozen=True, slots=True)
class Globals:
    """The options that hold for all commands. `None` and False are: not given."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False
    readonly: bool = False
    config: str | None = None
    demo: bool = False
    scenario: str = "default"
    """Story that the simulated cluster plays."""
    no_mouse: bool = False
    theme: str | None = None
    output: str = "table"
    engine: str = ""
    declared_only: bool = False
    """Of comparisons of packages: as the setting, or said for this one command."""

    @property
    def listed_namespace(self) -> str:
        """The namespace that lists and the UI begin with; empty is all. `-A` wins over `-n`, as in kubectl."""
        return "" if self.all_namespaces else self.namespace or ""


def current(ctx: click.Context) -> Globals:
    """What was given so far."""
    found = ctx.meta.get(_KEY, Globals())
    assert isinstance(found, Globals)
    return found


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    given = ctx.get_parameter_source(param.name or "")
    if given in {click.core.ParameterSource.DEFAULT, None}:
        return
    ctx.meta[_KEY] = replace(current(ctx), **{param.name or "": value})


def named(text: str, *, longest: int = 63, dots: bool = False) -> bool:
    """Whether Kubernetes takes a text as a name (RFC 1123): a label, or with `dots` several."""
    labels = text.split(".") if dots else [text]
    return len(text) <= longest and all(_LABEL.fullmatch(label) for label in labels)


def _namespace(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value and not named(value):
        raise click.BadParameter(f"{value!r} can be no namespace: lower-case letters, digits and dashes, 63 at most.")
    _keep(ctx, param, value)


def _contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Contexts of the kubeconfig, for the tab key."""
    del param
    from mlcd_tui.cluster.kubeconfig import load
    from mlcd_tui.domain.errors import Problem

    try:
        names = load(current(ctx).kubeconfig).names
    except Problem:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _namespaces(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Namespaces of the cluster, for the tab key."""
    del param
    from mlcd_tui.cli.naming import namespaces_now

    return [name for name in namespaces_now(current(ctx)) if name.startswith(incomplete)]


def _option(*names: str, callback: Any = _keep, **kwargs: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=callback, **kwargs)


_OPTIONS = (
    _option("--kubeconfig", metavar="FILE", help="Kubeconfig file, instead of $KUBECONFIG or ~/.kube/config."),
    _option("--context", metavar="NAME", help="Context of the kubeconfig.", shell_complete=_contexts),
    _option(
        "-n",
        "--namespace",
        metavar="NAME",
        help="Only this namespace.",
        callback=_namespace,
        shell_complete=_namespaces,
    ),
    _option("-A", "--all-namespaces", is_flag=True, help="All namespaces."),
    _option("--readonly", is_flag=True, help="Change nothing; acts are refused."),
    _option("--config", metavar="FILE", help="Settings file, instead of the one in the config folder."),
    _option("--demo", is_flag=True, help="Use the embedded simulated cluster."),
    _option("--engine", metavar="NAME", help="Engine of the rollout, where two have one of that name."),
)
_OUTPUT = _option("-o", "--output", type=click.Choice(FORMATS), default="table", help="table, json or yaml.")
_PACKAGE_OUTPUT = _option(
    "-o", "--output", type=click.Choice(PACKAGE_FORMATS), default="table", help="table, json, yaml or markdown."
)


def global_options(function: F) -> F:
    """Adds the options that hold for all commands."""
    for option in reversed((*_OPTIONS, _OUTPUT)):
        function = option(function)
    return function


def package_options(function: F) -> F:
    """As `global_options`, with Markdown as one more way of printing."""
    for option in reversed((*_OPTIONS, _PACKAGE_OUTPUT)):
        function = option(function)
    return function


def declared_only_option(function: F) -> F:
    """Adds the operator's word on what callers send, for one comparison."""
    told = "Take it that callers send, and models answer, only what the schema declares; as in the settings."
    return _option("--declared-only", is_flag=True, help=told)(function)


def options_printing(formats: Sequence[str]) -> Callable[[F], F]:
    """As `global_options`, for commands that print in forms of their own; the first is the default."""
    told = f"{', '.join(formats[:-1])} or {formats[-1]}."
    printing = _option("-o", "--output", type=click.Choice(formats), default=formats[0], help=told)

    def add(function: F) -> F:
        for option in reversed((*_OPTIONS, printing)):
            function = option(function)
        return function

    return add


def screen_options(function: F) -> F:
    """Adds the options of the screen alone."""
    for option in (
        _option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal."),
        _option("--theme", metavar="NAME", help="Colour theme."),
    ):
        function = option(function)
    return function
