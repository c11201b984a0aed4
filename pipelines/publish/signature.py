"""Who vouches for a release: Ed25519 over its audit, and whose key a reader trusts.

What belongs here: the signing key, signing the bytes of `audit.json`, checking a signature. What
does not: what the audit says (`privacy`), comparing files with it (`pointer`).

The private key stays with whoever publishes; the public key lies in the releases folder as
`signing.pub` for readers to pin (`WALLET_VERIFY_KEY`). Someone with the private key can sign
anything: a signature makes a changed release visible, it does not make the publisher honest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.pseudonyms import KeyRefusedError, make_key_file, refuse_open_permissions
from pipelines.privacy.report import canonical_json, sha256_of
from pipelines.settings import Workspace

NAME, PUBLIC_NAME = "audit.sig", "signing.pub"
_KEY_BYTES = 32
_ALGORITHM = "Ed25519"


class SignatureError(Exception):
    """A key or a signature that cannot be trusted; the message says why."""


@dataclass(frozen=True)
class SigningKey:
    """A private key; its bytes never show in a representation or a log."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> str:
        """The public key, 64 hex digits."""
        return self._key().public_key().public_bytes_raw().hex()

    def sign(self, audit: bytes) -> bytes:
        """The signature file for the bytes of an audit."""
        return canonical_json(
            {
                "algorithm": _ALGORITHM,
                "audit_sha256": sha256_of(audit),
                "public_key": self.public,
                "signature": self._key().sign(audit).hex(),
            }
        )

    def _key(self):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signing_key(workspace: Workspace) -> SigningKey:
    """The key this house signs with; the first release makes it.

    Raises:
        SignatureError: the file is missing although releases were signed with it, others can read
            it, it holds no key, or another key is pinned.
    """
    path = workspace.settings.signing_key_file
    known = workspace.releases / PUBLIC_NAME
    try:
        if not path.exists():
            if known.exists():
                raise SignatureError(
                    f"The signing key {path} is missing, and {known} says that releases were "
                    f"signed with it. Bring it back. To begin anew with another key, remove {known}"
                    " and tell every reader."
                )
            make_key_file(path, "WALLET_SIGNING_KEY_FILE")
        refuse_open_permissions(path)
        seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError, KeyRefusedError) as error:
        raise SignatureError(f"The signing key {path} cannot be used: {error}") from error
    if len(seed) != _KEY_BYTES or len(set(seed)) < _KEY_BYTES // 2:
        raise SignatureError(f"The signing key {path} must be 64 random hex digits.")
    key = SigningKey(seed)
    pinned = _pinned(workspace)
    if pinned and pinned != key.public:
        raise SignatureError(
            f"The signing key {path} is not the one readers trust ({pinned[:16]}…): bring that one "
            "back, or pin the new one (WALLET_VERIFY_KEY, signing.pub)."
        )
    return key


def _pinned(workspace: Workspace) -> str:
    if workspace.settings.verify_key:
        return workspace.settings.verify_key.lower()
    known = workspace.releases / PUBLIC_NAME
    return known.read_text(encoding="ascii").strip() if known.is_file() else ""


def trusted_key(workspace: Workspace) -> str:
    """The public key a reader of this workspace trusts, 64 hex digits.

    The pinned one (`WALLET_VERIFY_KEY`); where this machine publishes, its own; else the one that
    lies in the releases folder, which is as trustworthy as that folder.

    Raises:
        SignatureError: there is none.
    """
    path = workspace.settings.signing_key_file
    if not workspace.settings.verify_key and path.is_file():
        try:
            return SigningKey(bytes.fromhex(path.read_text(encoding="ascii").strip())).public
        except (OSError, ValueError) as error:
            raise SignatureError(f"The signing key {path} cannot be used: {error}") from error
    pinned = _pinned(workspace)
    if not pinned:
        raise SignatureError(
            f"There is no public key to check with: {workspace.releases / PUBLIC_NAME} is missing "
            "and WALLET_VERIFY_KEY is not set."
        )
    return pinned


def check_signature(audit: bytes, signature: Path, trusted: str) -> None:
    """Check that a trusted key signed just these bytes.

    Raises:
        SignatureError: no signature, another key, or other bytes.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        said = json.loads(signature.read_bytes())
        if said["algorithm"] != _ALGORITHM:
            raise SignatureError(f"{signature} is not an {_ALGORITHM} signature.")
        if said["public_key"] != trusted:
            raise SignatureError(
                f"{signature} was made with the key {said['public_key'][:16]}…, not with the "
                f"trusted one {trusted[:16]}…: do not trust it."
            )
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(trusted))
        key.verify(bytes.fromhex(said["signature"]), audit)
    except InvalidSignature:
        raise SignatureError(f"{signature} does not fit the audit: do not trust it.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SignatureError(f"{signature} cannot be read ({type(error).__name__}).") from error


def write_public_key(workspace: Workspace, key: SigningKey) -> None:
    """Put the public key where readers find it."""
    path = workspace.releases / PUBLIC_NAME
    if not path.exists() or path.read_text(encoding="ascii").strip() != key.public:
        draft = path.with_name(f".{PUBLIC_NAME}.tmp")
        draft.write_text(key.public + "\n", encoding="ascii")
        draft.replace(path)
