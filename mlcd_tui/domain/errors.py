"""Errors that an operator meets. Each is one clear sentence: what, why, what to do.

Problem
├── Unreachable     no answer: refused, reset, timed out, TLS failure, name not found
├── Unauthenticated the API server does not know the user (401)
├── Forbidden       the user may not (403)
├── Missing         the object or the kind does not exist (404)
├── Conflict        the object changed since it was seen (409)
├── Gone            the resourceVersion is too old for a watch (410)
├── Throttled       the server asks to wait (429, 503 with Retry-After)
├── Invalid         the server refused the request's content (400, 415, 422)
├── ServerFault     the server failed (5xx)
├── Unreadable      a file, document or archive that is damaged, hostile or too large
└── BadConfig       kubeconfig, settings, theme or argument that cannot be used
"""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - a problem of the operator's, not of the program's
    """A failure told in one sentence; `exit_code` is what the headless commands end with."""

    exit_code = 1

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        """What happened and why."""
        self.advice = advice
        """What to do about it; may be empty."""

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".rstrip()


class Unreachable(Problem):
    """No answer came; `sent` is False where not even a connection came about, so that nothing can have arrived."""

    exit_code = 4

    def __init__(self, sentence: str, *, advice: str = "", sent: bool = True) -> None:
        super().__init__(sentence, advice=advice)
        self.sent = sent


class Unauthenticated(Problem):
    """The API server does not accept the credentials."""

    exit_code = 4


class Forbidden(Problem):
    """The user may not do that."""

    exit_code = 3


class Missing(Problem):
    """There is no such object, or no such kind."""

    exit_code = 1


class Conflict(Problem):
    """The object changed since it was read."""

    exit_code = 3


class Gone(Problem):
    """The resourceVersion is too old; list anew."""


class Throttled(Problem):
    """The server asks for patience; `retry_after` is in seconds, None where it named no time."""

    exit_code = 4

    def __init__(self, sentence: str, *, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(sentence, advice=advice)
        self.retry_after = retry_after


class Invalid(Problem):
    """The server refuses the request's content."""


class ServerFault(Problem):
    """The server failed while answering."""

    exit_code = 4


class BadConfig(Problem):
    """A file, flag or argument that cannot be used."""

    exit_code = 2


class Unreadable(Problem):
    """A document that cannot be used; the sentence names the file and, where there is one, the field."""

    exit_code = 2


class NoPackage(Unreadable):
    """Read in full, and nothing of it describes a model."""
