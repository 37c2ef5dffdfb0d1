"""The Gateway API project's own conformance tests, unchanged, judge the test gateway: what our tests rest on is no invention of ours."""

from __future__ import annotations

import os
import re
import subprocess

from tests.e2e.conftest import Lab
from tests.e2e.gateway.plane import Plane
from tests.e2e.gateway.programs import conformance_suite

CASES = (
    "GatewayClassObservedGenerationBump",
    "GatewayInvalidRouteKind",
    "GatewayInvalidTLSConfiguration",
    "GatewayListenerUnsupportedProtocol",
    "GatewayModifyListeners",
    "GatewayObservedGenerationBump",
    "GatewaySecretInvalidReferenceGrant",
    "GatewaySecretMissingReferenceGrant",
    "GatewaySecretReferenceGrantAllInNamespace",
    "GatewaySecretReferenceGrantSpecific",
    "GatewayWithAttachedRoutes",
    "HTTPRouteBackendRequestHeaderModifier",
    "HTTPRouteCrossNamespace",
    "HTTPRouteExactPathMatching",
    "HTTPRouteHTTPSListener",
    "HTTPRouteHeaderMatching",
    "HTTPRouteHostnameIntersection",
    "HTTPRouteInvalidBackendRefUnknownKind",
    "HTTPRouteInvalidCrossNamespaceBackendRef",
    "HTTPRouteInvalidCrossNamespaceParentRef",
    "HTTPRouteInvalidNonExistentBackendRef",
    "HTTPRouteInvalidParentRefNotMatchingSectionName",
    "HTTPRouteInvalidParentRefSectionNameNotMatchingPort",
    "HTTPRouteInvalidReferenceGrant",
    "HTTPRouteListenerHostnameMatching",
    "HTTPRouteListenerPortMatching",
    "HTTPRouteMatching",
    "HTTPRouteMatchingAcrossRoutes",
    "HTTPRouteMethodMatching",
    "HTTPRouteMultipleGateways",
    "HTTPRouteNamedRule",
    "HTTPRouteNoBackendRefs",
    "HTTPRouteObservedGenerationBump",
    "HTTPRoutePartiallyInvalidViaInvalidReferenceGrant",
    "HTTPRoutePathMatchOrder",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRedirectHostAndStatus",
    "HTTPRouteReferenceGrant",
    "HTTPRouteRequestHeaderModifier",
    "HTTPRouteRequestHeaderModifierBackendWeights",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteResponseHeaderModifier",
    "HTTPRouteServiceTypes",
    "HTTPRouteSimpleSameNamespace",
    "HTTPRouteWeight",
)
"""All that Gateway API has for what this gateway says it serves; weights and mirrors are among them."""


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
    wrong = [line for line in done.stdout.splitlines() if "--- FAIL" in line or "Error" in line or "error" in line]
    assert done.returncode == 0, "\n".join(wrong[-60:]) + done.stdout[-2000:] + done.stderr[-2000:]
    assert passed == set(CASES)
