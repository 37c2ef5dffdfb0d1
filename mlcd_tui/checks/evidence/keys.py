"""Keys of evidence: the operator's own, for nobody else to read, and those that are trusted, one file each."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from mlcd_tui.config import paths
from mlcd_tui.domain.errors import BadConfig, Conflict, Problem
from mlcd_tui.domain.text import Clean, clean

OWN = "evidence_key.pem"
"""The operator's private key, in the config folder."""
TRUSTED = "trusted_keys"
"""Folder of public keys beside it: the file's name is the signer's."""
_MOST_BYTES = 64 * 1024
_MOST_KEYS = 500
_ENDINGS = (".pem", ".pub")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The operator's own key."""

    keyid: str
    _key: Any = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature."""
        signature: bytes = self._key.sign(data)
        return signature

    def public(self, name: str) -> PublicKey:
        """Its public half."""
        return PublicKey(name, self._key.public_key())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A trusted key and whose it is."""

    name: str
    _key: Any = field(repr=False)
    ids: frozenset[str] = frozenset()
    """What envelopes call it: SHA-256 of its DER form, in hex (also behind `sha256:`), or in base64 as cosign does."""

    def __post_init__(self) -> None:
        digest = hashlib.sha256(_der(self._key)).digest()
        hexed, based = digest.hex(), base64.b64encode(digest).decode()
        object.__setattr__(self, "ids", frozenset({hexed, f"sha256:{hexed}", f"SHA256:{hexed}", based}))

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the key made this signature of these bytes."""
        return fits(self._key, signature, data)

    @property
    def pem(self) -> bytes:
        """As others list it among the keys that they trust."""
        return _pem(self._key)


def _der(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def fits(key: Any, signature: bytes, data: bytes) -> bool:
    """Whether a public key of `cryptography` made this signature: Ed25519, ECDSA or RSA (PKCS 1) over SHA-256."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def keygen(folder: Path | None = None) -> tuple[Path, Path]:
    """Make the operator's key and its public half. Returns where both lie.

    Raises:
        Conflict: there is one already; it is never replaced, or older evidence would be nobody's.
        BadConfig: it cannot be written.
    """
    folder = folder or paths.config_dir()
    path, public = folder / OWN, (folder / OWN).with_suffix(".pub")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path, public)
    except FileExistsError:
        advice = "Move it away first, or: mlcd-tui checks keygen --force."
        raise Conflict(f"{clean(path)} is there already; it is not replaced.", advice=advice) from None
    except OSError as error:
        raise BadConfig(f"{clean(path)} cannot be written: {clean(error.strerror or error)}.") from error
    return path, public


def _create(path: Path, public: Path) -> None:
    """Both halves of a new key, or neither: half a key would keep every run from being signed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            out.flush()
            os.fsync(file)
        public.write_bytes(_pem(key.public_key()))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def renew(folder: Path | None = None) -> Path | None:
    """Make a new key where there may be one. Returns where the one before lies now: it is moved aside, never deleted.

    Raises:
        BadConfig: it cannot be written; the key is the one before.
    """
    folder = folder or paths.config_dir()
    path = folder / OWN
    try:
        aside = _move(path, _free(path)) if os.path.lexists(path) else None
    except OSError as error:
        raise BadConfig(f"{clean(path)} cannot be moved aside: {clean(error.strerror or error)}.") from error
    try:
        keygen(folder)
    except Problem:
        if aside is not None:
            _move(aside, path)
        raise
    return aside


def _free(path: Path) -> Path:
    """The first `evidence_key.NUMBER.pem` that is not there, nor its public half."""
    names = (path.with_suffix(f".{number}{path.suffix}") for number in count(1))
    return next(one for one in names if not (os.path.lexists(one) or os.path.lexists(one.with_suffix(".pub"))))


def _move(path: Path, to: Path) -> Path:
    """A key, and its public half where that is there."""
    path.rename(to)
    with contextlib.suppress(FileNotFoundError):
        path.with_suffix(".pub").rename(to.with_suffix(".pub"))
    return to


def own_key(folder: Path | None = None) -> SigningKey | None:
    """The operator's key; None: there is none.

    Raises:
        BadConfig: others may read it, or it is no Ed25519 key.
    """
    path = (folder or paths.config_dir()) / OWN
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(file, "rb") as opened:
            mode = os.fstat(file).st_mode
            data = opened.read(_MOST_BYTES) if stat.S_ISREG(mode) else b""
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadConfig(f"{clean(path)} cannot be read: {clean(error.strerror or error)}.") from error
    if mode & 0o077:
        raise BadConfig(
            f"{clean(path)} can be read by others: it is not used.", advice=f"Run: chmod 600 {clean(path)}."
        )
    # late: who has no key does without what is 7 MB of memory
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadConfig(f"{clean(path)} is no private key in PEM without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadConfig(f"{clean(path)} is no Ed25519 key.", advice="Make one: mlcd-tui checks keygen --force.")
    return SigningKey(hashlib.sha256(_der(key.public_key())).hexdigest(), key)


def trusted_keys(folder: Path | None = None) -> tuple[tuple[PublicKey, ...], tuple[Clean, ...]]:
    """The keys that are trusted, the operator's own among them, and a sentence for each file that is no key."""
    folder = folder or paths.config_dir()
    found, troubles = [], []
    try:
        own = own_key(folder)
        if own is not None:
            found.append(own.public("you"))
    except BadConfig as problem:
        troubles.append(clean(problem))
    place = folder / TRUSTED
    try:
        names = sorted(path for path in place.iterdir() if path.suffix in _ENDINGS)[:_MOST_KEYS]
    except FileNotFoundError:
        names = []
    except OSError as error:
        troubles.append(clean(f"{place} cannot be read: {error.strerror or error}."))
        names = []
    for path in names:
        try:
            found.append(PublicKey(str(clean(path.stem, limit=100)), _public(path)))
        except (OSError, ValueError) as error:
            troubles.append(clean(f"{path} is not trusted: {getattr(error, 'strerror', None) or error}."))
    return tuple(found), tuple(troubles)


def writable_by_others(folder: Path | None = None) -> tuple[Clean, ...]:
    """A sentence for each place where others could put a key of theirs among the trusted ones."""
    folder = folder or paths.config_dir()
    place = folder / TRUSTED
    with contextlib.suppress(OSError):
        return tuple(_open_to_others((folder, place, *sorted(place.iterdir())[:_MOST_KEYS])))
    return ()


def _open_to_others(places: Iterable[Path]) -> Iterator[Clean]:
    for path in places:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mode & 0o022:
                yield clean(f"{path} can be written by others, who could make their key a trusted one. chmod go-w it.")


def _public(path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    with path.open("rb") as file:
        data = file.read(_MOST_BYTES)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("it is no public key in PEM") from None
    if not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError("it is neither Ed25519 nor ECDSA nor RSA")  # noqa: TRY004 - a file's content, not an argument
    return key
