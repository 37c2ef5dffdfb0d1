"""The little of the distribution API that evidence needs: one repository, its login or tokens, every digest checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import (
    BadConfig,
    Forbidden,
    Invalid,
    Missing,
    Problem,
    ServerFault,
    Throttled,
    Unreachable,
    Unreadable,
)
from mlcd_tui.domain.text import clean
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.bodies import TooLarge, gathered, is_plain
from mlcd_tui.wire.oci_media import ACCEPT
from mlcd_tui.wire.registry_login import (
    MOST_TOKEN,
    RegistryLogin,
    TokenRequest,
    authorization,
    refused,
    token_in,
)

if TYPE_CHECKING:
    import httpx

_MOST_MANIFEST = 4 << 20
_MOST_HOPS = 5
_MOST_PAGES = 10
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="?next"?')


@dataclass(slots=True)
class Registry:
    """One repository of one registry: by HTTPS, on this machine by plain HTTP. Blocking.

    Args:
        host: host and port.
        repository: within it.
        login: for it, and for no other host but its own token service; sent once it is asked for. None: without one.
        timeout: seconds for each answer.

    Raises:
        BadConfig: no host or no repository can be called that.
    """

    host: str
    repository: str
    login: RegistryLogin | None = field(default=None, repr=False)
    timeout: float = 10.0
    _client: httpx.Client = field(init=False, repr=False)
    _authorization: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    """What is sent for each right that was asked for."""

    def __post_init__(self) -> None:
        import httpx  # late: a tenth of a second that only those pay who ask a registry

        if len(self.repository) > 255 or not _HOST.fullmatch(self.host) or not _REPOSITORY.fullmatch(self.repository):
            raise BadConfig(f"{self.shown} is no repository of a registry.", advice="Write HOST[:PORT]/NAME.")
        # what the environment says of proxies is not meant for this machine
        trust = not is_loopback(self.host)
        self._client = httpx.Client(timeout=self.timeout, follow_redirects=False, trust_env=trust)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def shown(self) -> str:
        """For the eye."""
        return clean(f"{self.host}/{self.repository}", limit=300)

    @property
    def base(self) -> str:
        """Where its repository lies."""
        scheme = "http" if is_loopback(self.host) else "https"
        return f"{scheme}://{self.host}/v2/{self.repository}"

    # --- reading --------------------------------------------------------------------------------------------

    def manifest(self, reference: str) -> tuple[bytes, str]:
        """A manifest's bytes and media type, by digest or tag. Raises `Missing`."""
        answer, data = self._get(f"{self.base}/manifests/{reference}", _MOST_MANIFEST, ACCEPT)
        if answer.status_code == 404:
            raise Missing(f"{self.shown} has no {clean(reference, limit=80)}.")
        self._refuse(answer, data)
        self._check(reference, data)
        return data, answer.headers.get("content-type", "").partition(";")[0].strip()

    def blob(self, digest: str, most: int) -> bytes:
        """A blob, its digest checked. Raises `Missing`, or `Unreadable` when larger than `most` bytes."""
        if not _DIGEST.fullmatch(digest):
            raise Unreadable(f"{clean(digest, limit=80) or 'Nothing'} is no digest of a blob.")
        answer, data = self._get(f"{self.base}/blobs/{digest}", most)
        self._refuse(answer, data)
        self._check(digest, data)
        return data

    def referrers(self, digest: str) -> list[bytes] | None:
        """The pages of the list of what refers to a manifest; None: the registry keeps none."""
        url = f"{self.base}/referrers/{digest}"
        pages: list[bytes] = []
        for _ in range(_MOST_PAGES):
            answer, data = self._get(url, _MOST_MANIFEST)
            if not pages and answer.status_code in {400, 404, 405, 406, 501}:
                return None
            self._refuse(answer, data)
            pages.append(data)
            following = _NEXT.search(answer.headers.get("link", ""))
            if following is None:
                break
            url = urljoin(url, following[1])
        return pages

    # --- writing --------------------------------------------------------------------------------------------

    def put_blob(self, data: bytes) -> str:
        """Upload a blob. Returns its digest."""
        digest = sha256_of(data)
        begun, told = self._send("POST", f"{self.base}/blobs/uploads/")
        self._refuse(begun, told)
        place = urljoin(f"{self.base}/blobs/uploads/", begun.headers.get("location", ""))
        if urlsplit(place).netloc != urlsplit(self.base).netloc:
            raise Forbidden(f"{self.shown} wants the upload sent to {clean(place, limit=200)}; it was not.")
        place += ("&" if urlsplit(place).query else "?") + f"digest={digest}"
        ended, told = self._send("PUT", place, content=data, headers={"Content-Type": "application/octet-stream"})
        self._refuse(ended, told)
        return digest

    def put_manifest(self, reference: str, data: bytes, media_type: str) -> str:
        """Put a manifest. Returns the subject that the registry says it keeps it for; empty: it says nothing."""
        place = f"{self.base}/manifests/{reference}"
        answer, told = self._send("PUT", place, content=data, headers={"Content-Type": media_type})
        self._refuse(answer, told)
        return str(answer.headers.get("oci-subject", ""))

    # --- inside ---------------------------------------------------------------------------------------------

    def _get(self, url: str, most: int, accept: str = "*/*") -> tuple[httpx.Response, bytes]:
        """An answer to a GET. Blobs often lie elsewhere: redirects are followed, without the login."""
        for _ in range(_MOST_HOPS):
            answer, data = self._send("GET", url, headers={"Accept": accept}, most=most)
            if answer.status_code not in {301, 302, 303, 307, 308}:
                return answer, data
            url = urljoin(url, answer.headers.get("location", ""))
        raise ServerFault(f"{self.shown} leads from one address to the next without end.")

    def _send(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int = 1 << 20,
    ) -> tuple[httpx.Response, bytes]:
        """One request and its bounded answer, logged in where the registry asks for that."""
        parts, base = urlsplit(url), urlsplit(self.base)
        own = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
        if not own and parts.scheme != "https":
            raise Forbidden(f"{self.shown} leads to {clean(url, limit=200)}, which is not encrypted; nothing was sent.")
        if not own:
            return self._ask(method, url, content, headers or {}, most)
        scope = f"repository:{self.repository}:{'pull' if method == 'GET' else 'pull,push'}"
        answer, data = self._ask(method, url, content, self._logged_in(headers, scope), most)
        if answer.status_code == 401:  # at first, and when a token has run out meanwhile
            self._authorize(answer.headers.get("www-authenticate", ""), scope)
            answer, data = self._ask(method, url, content, self._logged_in(headers, scope), most)
        return answer, data

    def _logged_in(self, headers: Mapping[str, str] | None, scope: str) -> dict[str, str]:
        told = self._authorization.get(scope)
        return {**(headers or {}), **({"Authorization": told} if told else {})}

    def _authorize(self, challenge: str, scope: str) -> None:
        wanted = authorization(challenge, self.host, scope, self.login)
        if isinstance(wanted, TokenRequest):
            answer, data = self._ask(wanted.method, wanted.url, wanted.content, wanted.headers, MOST_TOKEN)
            self._refuse(answer, data, "The token service of ")
            wanted = f"Bearer {token_in(data, self.host)}"
        self._authorization[scope] = wanted

    def _ask(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], most: int
    ) -> tuple[httpx.Response, bytes]:
        import httpx

        sent = {**headers, "Accept-Encoding": "identity"}
        try:
            with self._client.stream(method, url, content=content, headers=sent, auth=_as_told) as answer:
                if not is_plain(answer.headers):
                    raise Unreadable(f"{self.shown} sent something compressed although that was not asked for.")
                return answer, gathered(answer.iter_raw(), most)
        except TooLarge:
            raise Unreadable(f"{self.shown} sent more than {most >> 20} MiB.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"{self.shown} does not answer: {clean(error, limit=200) or type(error).__name__}."
            ) from error

    def _check(self, reference: str, data: bytes) -> None:
        if reference.startswith("sha256:") and sha256_of(data) != reference:
            told = clean(reference, limit=80)
            raise Unreadable(f"What {self.shown} sent as {told} is something else: its digest is wrong.")

    def _refuse(self, answer: httpx.Response, data: bytes, who: str = "") -> None:
        code = answer.status_code
        if code < 300:
            return
        told = clean(data[:2_000].decode("utf-8", "replace"), limit=200)
        raise self._problem(code, answer.headers.get("www-authenticate", ""), told, f"{who}{self.shown}")

    def _problem(self, code: int, challenge: str, told: str, who: str) -> Problem:
        if code == 401:
            return refused(challenge, self.host)
        if code == 403:
            return Forbidden(f"{who} forbids it (403): {told}")
        if code == 404:
            return Missing(f"{who} has no such thing (404): {told}")
        if code == 429:
            return Throttled(f"{who} asks for patience (429).")
        kind = ServerFault if code >= 500 else Invalid
        return kind(f"{who} answers {code}: {told}")


def _as_told(request: httpx.Request) -> httpx.Request:
    """Sends a request as it is: a login for that host in .netrc is none of ours."""
    return request
