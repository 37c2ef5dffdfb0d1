"""Reviews in protobuf, as Go clients post them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.demo.protobuf import posted, review
from mlcd_tui.demo.statuses import ApiError

# recorded from kubectl 1.37.2: auth can-i patch rollouts.argoproj.io --subresource=status -n payments
ACCESS = (
    "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712"
    "540a100a0012001a0022002a0032003800420012360a340a087061796d656e7473120570617463681a0b6172676f70726f6a2e696f22002a08"
    "726f6c6c6f75747332067374617475733a001a08080012001a0020001a002200"
)
# and from: auth can-i --list -n default
RULES = (
    "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c657352657669657712"
    "230a100a0012001a0022002a0032003800420012090a0764656661756c741a04180022001a002200"
)


def test_reviews_of_kubectl_are_read() -> None:
    asked = {"namespace": "payments", "verb": "patch", "group": "argoproj.io", "resource": "rollouts"}
    head = {"apiVersion": "authorization.k8s.io/v1"}
    assert review(bytes.fromhex(ACCESS)) == {
        **head,
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {**asked, "subresource": "status"}},
    }
    assert review(bytes.fromhex(RULES)) == {**head, "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}}


def test_what_is_no_review_is_refused() -> None:
    for body in (b"", b"k8s\x00", b"k8s\x00\x0a\xff", b"{}"):
        with pytest.raises(ApiError) as error:
            review(body)
        assert error.value.code == 400
        with pytest.raises(ApiError) as error:
            posted(body)
        assert error.value.code == 400


@given(st.binary(max_size=60))
def test_no_bytes_do_worse_than_a_refusal(body: bytes) -> None:
    with contextlib.suppress(ApiError):
        review(b"k8s\x00" + body)
    with contextlib.suppress(ApiError):
        posted(b"k8s\x00" + body)
