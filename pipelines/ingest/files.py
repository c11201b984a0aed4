"""Files of the landing folder and the documents in them (plain, gz, members of a zip, sheets).

What belongs here: hashing, opening containers, refusing damaged, encrypted or exploding archives.
What does not: decoding text, recognising formats.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.formats.format import BadFileError
from pipelines.ingest.workbooks import sheet_openers

READ_BYTES = 4 << 20
# Bills shrink about 20 times; far more is not a bill.
_SUSPICIOUS_RATIO = 200
_SUSPICIOUS_BYTES = 256 << 20
_MAX_BYTES = 32 << 30
_MAX_MEMBERS = 2000
_ENCRYPTED_FLAG = 0x1
_UTF8_NAME_FLAG = 0x800

_GZIP = b"\x1f\x8b"
# What a damaged member raises, or one packed in a way that Python cannot read.
_DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
)

# First bytes -> what it is and what to do.
_FOREIGN_CONTENT = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; download the CSV export, or save it as CSV",
    b"%PDF": "a PDF; download the CSV export",
    b"7z\xbc\xaf": "a 7z archive; unpack it into the landing folder",
    b"Rar!": "a RAR archive; unpack it into the landing folder",
    b"\x89PNG": "a picture; download the CSV export",
    b"\xff\xd8\xff": "a picture; download the CSV export",
}


@dataclass(frozen=True)
class Document:
    """One export: a file, or a member of an archive.

    `member` is "" for a plain or gz file, the sheet's name for a workbook. `open` starts a fresh
    stream of the unpacked bytes; a sheet's are CSV.
    """

    index: int
    member: str
    open: Callable[[], BinaryIO]
    is_workbook: bool = False


def sha256_of(path: Path) -> str:
    """Content hash of a file as hex, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def list_documents(path: Path) -> list[Document]:
    """The documents of a file; BadFileError for what cannot be opened at all."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if not magic:
        raise BadFileError(
            "empty_file", "the file has no content; download it again or take it away"
        )
    if magic.startswith(b"PK"):
        return _zip_members(path)
    if magic.startswith(_GZIP):
        return [Document(0, "", lambda: _open_gzip(path))]
    return [Document(0, "", lambda: path.open("rb"))]


def refuse_foreign_bytes(beginning: bytes) -> None:
    """Raise BadFileError when the first bytes belong to something that is no text export."""
    for magic, what in _FOREIGN_CONTENT.items():
        if beginning.startswith(magic):
            raise BadFileError("unrecognised", f"this is {what}")
    if beginning.startswith((b"PK\x03\x04", _GZIP)) or beginning[257:262] == b"ustar":
        raise BadFileError("unrecognised", "an archive inside an archive; unpack it once")
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFileError(
            "wrong_encoding",
            "the text is UTF-16 (Excel's 'Unicode text'); expected UTF-8 or GB18030: download the "
            "original again, or save it as 'CSV UTF-8'",
        )
    if b"\x00" in beginning:
        raise BadFileError("unrecognised", "this is binary content; download the CSV export")


class _GuardedStream(io.RawIOBase):
    """Unpacked bytes of an archive, with damage and explosions turned into BadFileError."""

    def __init__(self, raw: BinaryIO, packed_bytes: int, owner: zipfile.ZipFile | None) -> None:
        self._raw = raw
        self._owner = owner
        self._packed_bytes = max(packed_bytes, 1)
        self._unpacked_bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; BadFileError when the archive is cut, damaged or a bomb."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(READ_BYTES), b""))
        try:
            block = self._raw.read(size)
        except EOFError as error:
            raise BadFileError("truncated", "the archive was cut off; download it again") from error
        except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError) as error:
            raise BadFileError(
                "corrupt_archive", "the archive is damaged; download it again"
            ) from error
        self._unpacked_bytes += len(block)
        ratio = self._unpacked_bytes / self._packed_bytes
        is_bomb = self._unpacked_bytes > _SUSPICIOUS_BYTES and ratio > _SUSPICIOUS_RATIO
        if is_bomb or self._unpacked_bytes > _MAX_BYTES:
            raise BadFileError(
                "archive_too_large",
                f"the archive unpacks to more than {self._unpacked_bytes >> 20} MB, far more than "
                "an export would; unpack it by hand if it is meant",
            )
        return block

    def close(self) -> None:
        """Close the member and the archive it came from."""
        self._raw.close()
        if self._owner is not None:
            self._owner.close()
        super().close()


def _open_gzip(path: Path) -> BinaryIO:
    return _GuardedStream(gzip.open(path, "rb"), path.stat().st_size, None)


def _zip_members(path: Path) -> list[Document]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        raise BadFileError(
            "corrupt_archive", "the zip is damaged or was cut off; download it again"
        ) from error
    if any(info.filename.startswith("xl/") for info in infos):
        return [
            Document(at, name, opener, is_workbook=True)
            for at, (name, opener) in enumerate(sheet_openers(path))
        ]
    members = [(at, info) for at, info in enumerate(infos) if _can_be_export(info)]
    if not members:
        raise BadFileError("empty_file", "the zip holds no file; download it again")
    if len(members) > _MAX_MEMBERS:
        raise BadFileError("archive_too_large", f"the zip holds more than {_MAX_MEMBERS} files")
    if any(info.flag_bits & _ENCRYPTED_FLAG for _, info in members):
        raise BadFileError(
            "encrypted_archive",
            "the zip is protected by a password; unpack it into the landing folder",
        )
    return [
        Document(at, _member_name(info), lambda info=info: _open_member(path, info))
        for at, info in members
    ]


def _can_be_export(info: zipfile.ZipInfo) -> bool:
    name = info.filename.rsplit("/", 1)[-1]
    return not (info.is_dir() or info.filename.startswith("__MACOSX/") or name.startswith("."))


def _member_name(info: zipfile.ZipInfo) -> str:
    """The member's name; Alipay writes GBK without saying so, which zip readers take for CP437."""
    if info.flag_bits & _UTF8_NAME_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _open_member(path: Path, info: zipfile.ZipInfo) -> BinaryIO:
    """The unpacked bytes of a member; who zips a folder of bills also zips those ending in .gz."""
    archive = zipfile.ZipFile(path)
    try:
        raw = archive.open(info)
        if raw.peek(len(_GZIP)).startswith(_GZIP):
            raw = gzip.GzipFile(fileobj=raw)
    except _DAMAGED as error:
        archive.close()
        raise BadFileError(
            "corrupt_archive",
            "a member of the zip is damaged or packed in a way that cannot be read; download it "
            "again",
        ) from error
    return _GuardedStream(raw, info.compress_size, archive)
