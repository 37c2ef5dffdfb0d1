"""Which stages of a Dockerfile go along to the classic builder."""

from __future__ import annotations

from mlcd_tui.checks.runner.leavings import Steps
from mlcd_tui.checks.runner.stages import base_of, needed

DOCKERFILE = """# syntax=docker/dockerfile:1
ARG BASE=debian
FROM ${BASE} AS base
RUN echo a \\
    # FROM a comment in between
    && echo FROM x AS nothing

FROM base AS lint
RUN ruff check
FROM --platform=linux/amd64 base AS Wheels
RUN pip wheel .
FROM base AS tools
from base as tests
COPY --chown=1:1 --from=wheels /w /w
RUN --mount=type=cache,from=tools,target=/t pytest
FROM base
"""


def stages(text: str) -> list[str]:
    return [line.split()[-1].lower() for line in text.splitlines() if line.lower().startswith("from ")]


def test_only_what_a_target_needs_is_left() -> None:
    assert stages(needed(DOCKERFILE, "lint")) == ["base", "lint"]
    assert needed(DOCKERFILE, "lint").startswith(
        "# syntax=docker/dockerfile:1\nARG BASE=debian\nFROM ${BASE} AS base\n"
    )
    assert stages(needed(DOCKERFILE, "tests")) == ["base", "wheels", "tools", "tests"]
    assert stages(needed(DOCKERFILE, "TESTS")) == ["base", "wheels", "tools", "tests"]
    assert stages(needed("ARG B\n" + DOCKERFILE.replace("${BASE}", "$B"), "lint", {"B": "x"})) == ["base", "lint"]
    assert "echo FROM x AS nothing" in needed(DOCKERFILE, "lint")


def test_where_it_cannot_be_told_all_of_it_is_left() -> None:
    for text, target in (
        (DOCKERFILE, "nosuch"),
        (DOCKERFILE, ""),
        ("FROM a\nFROM b AS t\nCOPY --from=0 /x /x\n", "t"),
        ("FROM a AS s\nFROM b AS t\nCOPY --from=$S /x /x\n", "t"),
        ("FROM a AS t\nFROM b AS t\n", "t"),
        ("ARG S\nFROM a AS s\nFROM build-${S} AS t\nFROM b\n", "t"),
        ("", "t"),
    ):
        assert needed(text, target) == text


def test_what_a_stage_stands_on_is_an_image_in_the_end() -> None:
    """Whatever an image from elsewhere holds, no stage of this Dockerfile has written it."""
    dockerfile = (
        "ARG TAG=1\nFROM python:${TAG} AS base\nFROM base AS Lint\nRUN x\nFROM scratch AS none\nFROM $OTHER AS other\n"
    )
    assert base_of(dockerfile, "lint") == "python:1"
    assert base_of(dockerfile, "lint", {"TAG": "2"}) == "python:2"
    assert [base_of(dockerfile, target) for target in ("none", "other", "", "absent")] == ["", "", "", ""]
    assert base_of("FROM a\nFROM b\n", "") == "b"


def test_what_a_build_has_made_is_told_from_what_it_found() -> None:
    """As the classic builder says it."""
    steps = Steps()
    for text in (
        "Step 1/4 : FROM debian AS base\n",
        " ---> 111111111111\n",
        "Step 2/4 : RUN pip install x\n",
        " ---> Using cache\n",
        " ---> 222222222222\n",
        "Step 3/4 : COPY . .\n",
        " ---> 333333333333\n",
        "Step 4/4 : RUN pytest\n",
        " ---> Running in 444444444444\n",
        "Removing intermediate container 444444444444\n",
        " ---> 555555555555\n",
    ):
        steps.hear(text)
    assert (steps.used, steps.made) == ({"222222222222"}, {"333333333333", "555555555555"})
    assert not steps.last_run_cached
