"""What looks like a secret: by the name that it goes under, or by itself. The secret is never repeated."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"(?:passwd|password|passphrase|(?:^|[_.-])(?:pwd|pass|secret|token|api_?key|access_?key|private_?key|secret_?key|credentials?))"
    r"(?:[_.-]?(?:id|value|base|base64|b64))?$",
    re.IGNORECASE,
)
_MOST = 4_000
_MODEL_TOKEN = re.compile(r"<[^>]{1,20}>|\[[A-Z]{1,10}\]|[0-9]{1,6}|true|false|none|null", re.IGNORECASE)
"""Language models have tokens that are none: `EOS_TOKEN=</s>`, `MAX_TOKEN=512`."""
_PLACE = re.compile(r"/[\w./-]+|[\w.-]+\.(?:json|ya?ml|pem|key|crt|toml|txt)")
"""A path to a secret is none."""
_KINDS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("an API key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("a signed web token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8}")),
    (
        "a password within an address",
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@$]{1,100}:[^/\s@$]{1,200}@", re.IGNORECASE),
    ),
)


def secret_name(name: str, value: str) -> bool:
    """Whether a variable is called like a secret and holds something that could be one."""
    if not value or len(name) > 200 or name.upper() == "PWD" or _NAME.search(name) is None:
        return False
    harmless = _PLACE.fullmatch(value[:500]) or (name.upper().endswith("TOKEN") and _MODEL_TOKEN.fullmatch(value[:50]))
    return not harmless


def secret_kind(value: str) -> str:
    """What secret a text holds; empty: none that is known by its looks."""
    return next((kind for kind, pattern in _KINDS if pattern.search(value[:_MOST])), "")
