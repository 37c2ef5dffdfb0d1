"""TLS contexts for clients: who is verified under another name than the host's, and none where no TLS is spoken."""

from __future__ import annotations

import ssl
from functools import cache


class NamedContext(ssl.SSLContext):
    """Asks for and verifies `name` whatever host is connected to, through a proxy as well."""

    name: str = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the signature of the base
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - the one that is not asked for
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As the base does, with the other name."""
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


def client_context(name: str = "") -> ssl.SSLContext:
    """Verifies certificates but trusts no authority yet; `name` is the one that is verified, empty: the host's."""
    if not name:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = name
    return context


@cache
def trusting_nobody() -> ssl.SSLContext:
    """For clients of plain HTTP: without a context httpx loads a whole bundle of public authorities for each client.

    Where TLS were met after all, as behind a proxy, nobody is trusted.
    """
    return client_context()
