"""Bytes to text, strictly and by blocks; text to blocks of whole lines.

What belongs here: finding the encoding (BOM, then UTF-8, then GB18030), saying where a bad byte
is, cutting at line ends. What does not: what the lines mean.

Nothing is ever decoded with errors ignored: a lost character would be a lost digit one day.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from pipelines.formats.format import BadFileError
from pipelines.ingest.files import READ_BYTES

# About 20,000 bill rows: larger blocks were no faster and took more memory.
BLOCK_CHARACTERS = 6 << 20
_MAX_LINE_CHARACTERS = 4 << 20


@dataclass(frozen=True)
class LineBlock:
    """Consecutive physical lines without their ends; `first_line` is 1-based."""

    lines: pl.Series
    first_line: int
    is_last: bool


class Decoder:
    """Strict streaming decoder; `encoding` is known once a byte outside ASCII was seen."""

    def __init__(self, *, is_utf8_only: bool = False) -> None:
        self._is_utf8_only = is_utf8_only
        self.encoding: str | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._bytes_seen = 0
        self._lines_seen = 0
        self._has_bom = False

    @property
    def encoding_name(self) -> str:
        """utf-8, utf-8-sig or gb18030; pure ASCII counts as utf-8."""
        return "utf-8-sig" if self._has_bom else self.encoding or "utf-8"

    def texts(self, stream: BinaryIO, block_bytes: int = READ_BYTES) -> Iterator[str]:
        """Decoded blocks in order; BadFileError with offset and line at the first bad byte."""
        while block := stream.read(block_bytes):
            if self._decoder is None and block[:-3].isascii() and not block.isascii():
                # A character that is cut by the block's end cannot tell the encodings apart.
                block += stream.read(block_bytes)
            text = self._decode(block)
            self._lines_seen += text.count("\n")
            yield text
        if self._decoder is not None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:
                raise BadFileError(
                    "truncated",
                    "the file ends in the middle of a character: the download was cut off; "
                    "download it again",
                    self._lines_seen + 1,
                ) from error

    def _decode(self, block: bytes) -> str:
        if self._bytes_seen == 0 and block.startswith(codecs.BOM_UTF8):
            self._bytes_seen, block = len(codecs.BOM_UTF8), block[len(codecs.BOM_UTF8) :]
            self._has_bom = True
            self._use("utf-8")
        if self._decoder is None:
            if block.isascii():
                self._bytes_seen += len(block)
                return block.decode("ascii")
            self._use("utf-8" if self._is_utf8_only or _is_utf8(block) else "gb18030")
        pending = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(block)
        except UnicodeDecodeError as error:
            data = pending + block
            offset = self._bytes_seen - len(pending) + error.start
            line = self._lines_seen + data[: error.start].count(b"\n") + 1
            expected = (
                "neither UTF-8 nor GB18030 text; expected UTF-8 (a wallet's bill may be GB18030)"
                if self.encoding == "gb18030"
                else "not UTF-8 text; expected UTF-8"
            )
            raise BadFileError(
                "wrong_encoding",
                f"the byte 0x{data[error.start]:02X} at offset {offset} is {expected} throughout: "
                "write or download the file again, without opening it in another program",
                line,
            ) from error
        self._bytes_seen += len(block)
        return text

    def _use(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")


def _is_utf8(block: bytes) -> bool:
    """Whether the block is meant as UTF-8, also when a few bytes of it are damaged.

    Damaged UTF-8 is often valid GB18030: read as such, every Chinese word of it would be wrong.
    """
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(block)
    except UnicodeDecodeError:
        text = block.decode("utf-8", errors="replace")
        wide = sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text))
        return text.count("\ufffd") * 4 < wide
    return True


def line_blocks(
    stream: BinaryIO, decoder: Decoder, block_characters: int = BLOCK_CHARACTERS
) -> Iterator[LineBlock]:
    """Blocks of whole lines, about `block_characters` each; line ends LF or CRLF."""
    first_line = 1
    held: str | None = None
    for text in _whole_lines(decoder.texts(stream), block_characters):
        if held is not None:
            block = LineBlock(_to_lines(held), first_line, is_last=False)
            first_line += len(block.lines)
            yield block
        held = text
    yield LineBlock(_to_lines(held or ""), first_line, is_last=True)


def _whole_lines(texts: Iterator[str], block_characters: int) -> Iterator[str]:
    parts: list[str] = []
    length = 0
    for text in texts:
        parts.append(text)
        length += len(text)
        if length < block_characters:
            continue
        whole = "".join(parts)
        cut = whole.rfind("\n") + 1
        if len(whole) - cut > _MAX_LINE_CHARACTERS:
            raise BadFileError(
                "unrecognised", f"a line is longer than {_MAX_LINE_CHARACTERS} characters"
            )
        if cut:
            yield whole[:cut]
        parts, length = [whole[cut:]], len(whole) - cut
    rest = "".join(parts)
    if rest:
        yield rest


def _to_lines(text: str) -> pl.Series:
    if not text:
        return pl.Series("_line", [], dtype=pl.String)
    lines = pl.read_lines(io.BytesIO(text.encode()), name="_line")
    return lines.select(pl.col("_line").str.strip_suffix("\r")).to_series()
