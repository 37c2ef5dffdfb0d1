"""The Status objects that the API server answers errors with, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlcd_tui.demo.kinds import Kind

PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


@dataclass(slots=True)
class ApiError(Exception):
    """A refusal on its way to the client."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def status(self) -> dict[str, Any]:
        """The object of kind Status."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


def _about(kind: Kind, name: str = "") -> dict[str, Any]:
    about: dict[str, Any] = {"name": name} if name else {}
    if kind.group:
        about["group"] = kind.group
    return {**about, "kind": kind.plural}


def not_found(kind: Kind, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(404, "NotFound", f'{kind.qualified} "{name}" not found', _about(kind, name))


def exists(kind: Kind, name: str) -> ApiError:
    """409 for a name that is taken."""
    return ApiError(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', _about(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> ApiError:
    """409 for a resourceVersion that is no longer the present one."""
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _about(kind, name))


def unauthorized() -> ApiError:
    """401."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, kind: Kind, namespace: str, name: str, subresource: str = "") -> ApiError:
    """403 in RBAC's words."""
    target = f'{kind.qualified} "{name}"' if name else kind.qualified
    plural = f"{kind.plural}/{subresource}" if subresource else kind.plural
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{target} is forbidden: User "{user}" cannot {verb} resource "{plural}" in API group "{kind.group}" {scope}'
    )
    return ApiError(403, "Forbidden", message, _about(kind, name))


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def method_not_allowed() -> ApiError:
    """405."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media(accepted: tuple[str, ...]) -> ApiError:
    """415."""
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", message)


def unprocessable(why: str) -> ApiError:
    """422 for a JSON patch that does not apply, its failing `test` included."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, {"causes": [{"message": why}]})


def invalid(kind: Kind, name: str, field_path: str, why: str) -> ApiError:
    """422 for an object that breaks the schema."""
    return violates(kind, name, [(field_path, why)])


def violates(kind: Kind, name: str, causes: list[tuple[str, str]]) -> ApiError:
    """422 for an object that breaks its schema in one place or several, each a field and a reason."""
    listed = ", ".join(f"{field_path}: {why}" for field_path, why in causes)
    words = f"[{listed}]" if len(causes) > 1 else listed
    head = f"{kind.kind}.{kind.group}".rstrip(".")
    message = f'{head} "{name}" is invalid: {words}'
    reasons = [{"field": field_path, "message": why} for field_path, why in causes]
    return ApiError(422, "Invalid", message, {**_about(kind, name), "kind": kind.kind, "causes": reasons})


def internal(why: str) -> ApiError:
    """500 for a fault of this server."""
    return ApiError(500, "InternalError", f"Internal error occurred: {why}")


def expired(message: str, metadata: dict[str, Any] | None = None) -> ApiError:
    """410: the client must list anew."""
    return ApiError(410, "Expired", message, metadata=metadata or {})


def too_many(seconds: int) -> ApiError:
    """429 with Retry-After."""
    return ApiError(
        429,
        "TooManyRequests",
        "Too many requests, please try again later.",
        {"retryAfterSeconds": seconds},
        {"Retry-After": str(seconds)},
    )
