"""The Gateway API project's own conformance tests, unchanged, judge the test gateway: what our tests rest on is no invention of ours."""

from __future__ import annotations

import os
import re
import subprocess

from tests.e2e.conftest import Lab
from tests.e2e.gateway.plane import Plane
from tests.e2e.gateway.programs import conformance_suite

CASES = (
    "HTTPRouteWeight",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
)


def test_the_projects_own_cases_pass(lab: Lab, plane: Plane) -> None:
    command = [
        str(conformance_suite()),
        "-test.run",
        "^TestConformance$",
        "-test.v",
        f"-gateway-class={plane.gateway_class}",
    ]
    env = {**os.environ, "KUBECONFIG": str(lab.kubeconfig), "CONFORMANCE_TESTS": ",".join(CASES)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=env, check=False)
    passed = set(re.findall(r"^    --- PASS: TestConformance/(\w+) ", done.stdout, re.MULTILINE))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert passed == set(CASES)
