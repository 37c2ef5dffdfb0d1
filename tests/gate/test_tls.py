"""The gate with TLS: its own certificate, one that is renewed while it runs, and callers who speak something else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.gate.server import GateServer
from mlcd_tui.gate.tls import Certificate
from tests.gate.test_gate import Cluster, request


def issue(folder: Path, serial: int, password: bytes = b"") -> tuple[Path, Path]:
    """A certificate for `gate`, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("gate")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    kept = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, kept))
    return folder / "tls.crt", folder / "tls.key"


@asynccontextmanager
async def serving(certificate: Certificate) -> AsyncIterator[int]:
    server = GateServer(Cluster(), patience=60.0)
    yield await server.start("127.0.0.1", 0, certificate.context())
    await server.close()


async def ask(port: int, trusted: Path) -> tuple[bytes, int]:
    """The answer to a hook, and the serial number of the certificate that was shown."""
    context = ssl.create_default_context(cafile=trusted)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="gate")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.write(request("rollback"))
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n")[0], x509.load_der_x509_certificate(shown).serial_number


async def test_a_certificate_that_is_renewed_serves_from_the_next_question_on(tmp_path: Path) -> None:
    told: list[str] = []
    certificate = Certificate(*issue(tmp_path, 1), told.append)
    async with serving(certificate) as port:
        assert await ask(port, tmp_path / "tls.crt") == (b"HTTP/1.1 403 ", 1)
        first = (tmp_path / "tls.crt").read_bytes()
        # A key without its certificate is what one sees in the middle of a renewal: the one before serves on.
        issue(tmp_path, 2)
        second = (tmp_path / "tls.crt").read_bytes()
        (tmp_path / "tls.crt").write_bytes(first)
        assert await ask(port, tmp_path / "tls.crt") == (b"HTTP/1.1 403 ", 1)
        assert told[-1].startswith("the certificate before is kept: ")
        (tmp_path / "tls.crt").write_bytes(second)
        assert await ask(port, tmp_path / "tls.crt") == (b"HTTP/1.1 403 ", 2)
        assert told[-1] == "the certificate was read anew"
        (tmp_path / "tls.key").unlink()
        assert await ask(port, tmp_path / "tls.crt") == (b"HTTP/1.1 403 ", 2)


async def test_who_speaks_no_tls_is_answered_nothing_and_who_trusts_another_ends_it(tmp_path: Path) -> None:
    async with serving(Certificate(*issue(tmp_path, 1))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("rollback"))
        assert b"HTTP" not in await reader.read()
        writer.close()
        stranger = ssl.create_default_context()
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("127.0.0.1", port, ssl=stranger, server_hostname="gate")
        assert (await ask(port, tmp_path / "tls.crt"))[0] == b"HTTP/1.1 403 "


@pytest.mark.parametrize("how", ["missing", "no PEM", "encrypted", "another's key"])
def test_files_that_are_no_pair_are_one_sentence_before_it_listens(tmp_path: Path, how: str) -> None:
    certificate, key = issue(tmp_path, 1, password=b"secret" if how == "encrypted" else b"")
    if how == "missing":
        key.unlink()
    elif how == "no PEM":
        certificate.write_bytes(b"\x00\xff")
    elif how == "another's key":
        (tmp_path / "other").mkdir()
        key = issue(tmp_path / "other", 2)[1]
    with pytest.raises(BadConfig) as raised:
        Certificate(certificate, key).context()
    assert "tls." in raised.value.sentence
