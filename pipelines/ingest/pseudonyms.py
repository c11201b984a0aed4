"""The key for pseudonyms, and pseudonyms under it.

What belongs here: making, reading and judging the key; HMAC over normalised values. What does not:
which columns are personal (`formats` declares that).

A pseudonym is HMAC-SHA256(key, domain || 0x1f || value)[:16 bytes] as UUID text. The value is
normalised first (NFKC, then trimmed), so that one person typed two ways stays one. The HMAC key is
the key's lower-case hex text, because polars-hash takes text.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import polars_hash  # noqa: F401 registers the `chash` expressions

from pipelines.formats.format import UNIT_SEPARATOR
from pipelines.settings import Settings

_MIN_KEY_BYTES = 32
# 32 random bytes hold 30 distinct ones on average and fewer than 16 never (1 in 10^17).
_MIN_DISTINCT_BYTES = 16
_BLANKS = " \t\r\n\ufeff"
_MEND = (
    "Make a new one with: python -c 'import secrets; print(secrets.token_hex(32))' "
    "(a new key gives every person a new pseudonym)."
)


class KeyRefusedError(Exception):
    """The key cannot be used; the message says why and how to mend it."""


@dataclass(frozen=True)
class PseudonymKey:
    """A judged key; its value never shows in a representation or a log."""

    text: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell keys apart and give nothing of them away."""
        return self._hmac("key-fingerprint", "")[:16]

    def pseudonym(self, domain: str, value: str) -> str:
        """UUID text of one value; parts of a value are joined by 0x1f."""
        normalised = unicodedata.normalize("NFKC", value).strip(_BLANKS)
        digest = self._hmac(domain, normalised)
        return "-".join(digest[start:end] for start, end in _UUID_GROUPS)

    def with_pseudonyms(
        self, frame: pl.DataFrame, keys: Mapping[str, tuple[str, pl.Expr]]
    ) -> pl.DataFrame:
        """The frame with a UUID text column for each name: (domain, value); NULL stays NULL."""
        values = frame.select(value.alias(name) for name, (_, value) in keys.items())
        # NFKC leaves ASCII as it is, and is the slowest step of all.
        is_ascii = values.select((pl.all().str.len_bytes() == pl.all().str.len_chars()).all())
        domains = {name: domain for name, (domain, _) in keys.items() if is_ascii[name].item()}
        columns = [self._uuids(domains, values)]
        for name in keys.keys() - domains.keys():
            # Names of products and people repeat within a block.
            distinct = values.select(pl.col(name).drop_nulls().unique())
            normalised = distinct.select(pl.col(name).str.normalize("NFKC"))
            uuids = self._uuids({name: keys[name][0]}, normalised)
            mapped = pl.col(name).replace_strict(
                distinct[name], uuids[name], return_dtype=pl.String
            )
            columns.append(values.select(mapped))
        return frame.hstack([series for part in columns for series in part.get_columns()])

    def _uuids(self, domains: Mapping[str, str], values: pl.DataFrame) -> pl.DataFrame:
        # In two steps, because polars would compute the digest once per group of the UUID.
        digests = values.select(
            self._digests(domain, pl.col(name).str.strip_chars(_BLANKS)).alias(name)
            for name, domain in domains.items()
        )
        return digests.select(
            pl.concat_str(
                [pl.col(name).str.slice(start, end - start) for start, end in _UUID_GROUPS],
                separator="-",
            ).alias(name)
            for name in domains
        )

    def row_hashes(self, line: pl.Expr) -> pl.Expr:
        """Keyed hash of raw lines (64 hex digits): a bare phone number must not be guessable."""
        return self._digests("row", line)

    def marks(self, value: pl.Expr) -> pl.Expr:
        """Keyed hash by which the leak index knows a text (32 hex digits)."""
        return self._digests("leak-index", value).str.slice(0, 32)

    def _digests(self, domain: str, value: pl.Expr) -> pl.Expr:
        message = pl.concat_str([pl.lit(domain), value], separator=UNIT_SEPARATOR)
        return message.chash.hmac_sha256(key=self.text)

    def _hmac(self, domain: str, value: str) -> str:
        message = f"{domain}{UNIT_SEPARATOR}{value}".encode()
        return hmac.new(self.text.encode(), message, hashlib.sha256).hexdigest()


_UUID_GROUPS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


def load_key(settings: Settings, *, create: bool = True) -> PseudonymKey:
    """The key from the settings, else from the key file, which the first run makes (`create`).

    Raises KeyRefusedError for a weak key, a file that others can read, and a file that is missing
    when it must not be made.
    """
    if settings.pseudonym_key is not None:
        return judge_key(settings.pseudonym_key, "WALLET_PSEUDONYM_KEY")
    path = settings.pseudonym_key_file
    if not path.exists():
        if not create:
            raise KeyRefusedError(f"There is no key file {path} yet; the first run makes it.")
        make_key_file(path, "WALLET_PSEUDONYM_KEY_FILE")
    refuse_open_permissions(path)
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefusedError(f"The key file {path} cannot be read as hex text. {_MEND}") from error
    return judge_key(text, str(path))


def judge_key(text: str, where: str) -> PseudonymKey:
    """A key of at least 32 random bytes in hex, or KeyRefusedError."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise KeyRefusedError(
            f"The pseudonym key in {where} must be 64 or more hex digits. {_MEND}"
        ) from error
    if len(key) < _MIN_KEY_BYTES:
        raise KeyRefusedError(
            f"The pseudonym key in {where} has {len(key)} bytes; at least {_MIN_KEY_BYTES} are "
            f"needed. {_MEND}"
        )
    steps = {(after - before) % 256 for before, after in zip(key, key[1:], strict=False)}
    is_text = all(32 <= byte < 127 for byte in key)
    if len(set(key)) < _MIN_DISTINCT_BYTES or len(steps) < _MIN_DISTINCT_BYTES // 2 or is_text:
        raise KeyRefusedError(
            f"The pseudonym key in {where} can be guessed (a word, a pattern or a repetition). "
            f"{_MEND}"
        )
    return PseudonymKey(key.hex())


def make_key_file(path: Path, setting: str) -> None:
    """Write a new key so that a reader never sees half of it and two first runs agree on one.

    Raises KeyRefusedError when it cannot be made; `setting` names where another place is chosen.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(_MIN_KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise KeyRefusedError(
            f"The key file {path} cannot be made ({error.strerror}). Make its folder writable or "
            f"set {setting} to another place outside the repository."
        ) from error
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another first run was quicker: its key is the key
    finally:
        draft.unlink()


def refuse_open_permissions(path: Path) -> None:
    """Raise KeyRefusedError when others than the owner can read a key file."""
    if os.name == "nt":  # permission bits mean nothing there; the user's profile is private
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyRefusedError(
            f"The key file {path} can be read by other users. Mend it with: chmod 600 {path}"
        )
