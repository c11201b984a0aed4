"""Reading an HTML page the way a browser and its reader would: every text there is in it.

What belongs here: texts, attributes, scripts, embedded data and packed payloads of a page. What
does not: what may stand in them (`page`).
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from pipelines.privacy.report import Finding

# Shorter numbers are no identifier by themselves.
_SHORTEST_NUMBER = 10**10
# Members of a figure that label what is drawn or come along with it.
_LABELS = frozenset({"customdata", "ids", "text", "hovertext", "labels", "meta", "names"})
# Attributes that draw. Their numbers are no identifiers: `M1.5.5.5` is not a network address.
_DRAWING = frozenset({"d", "points", "viewbox", "transform", "style", "width", "height"})
# But a length or a colour has no text in it and no whole number of eleven digits.
_NO_DRAWING = re.compile(r"""['"@]|(?<![0-9.])[0-9]{11,}(?![0-9])""")
# Attributes of nothing but numbers and letters that draw.
CURVES = frozenset({"d", "points"})
# Elements within a line: what stands in them reads as one text with what is around.
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins"}
    | {"kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tspan"}
    | {"tt", "u", "var", "wbr"}
)
# `H4sI` is how base64 of a gzip stream begins.
_PACKED = re.compile(r"H4sI[0-9A-Za-z+/]{40,}={0,2}")


class PageTexts(HTMLParser):
    """Everything of a page that a person or a browser could read; filled by `read`.

    Attributes:
        texts: (place, text); what tags cut up is there in parts and as one.
        attributes: (tag, name, value) of every element.
        security: the page's content-security policies.
        problems: what could not be read.
        known: packed libraries that may stay unread.
        longest: entries of the longest list in the page's data.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[tuple[str, str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.security: list[str] = []
        self.problems: list[Finding] = []
        self.known = 0
        self.longest = 0
        self._element = ""
        self._kind = ""
        self._line: list[str] = []
        self._payloads: frozenset[str] = frozenset()

    def read(self, html: str, payloads: frozenset[str]) -> None:
        """Parse the page; must be called once.

        Args:
            html: the page.
            payloads: SHA-256 of unpacked libraries that need not be read.

        Raises:
            ValueError: an array is packed in a way that cannot be read.
        """
        self._payloads = payloads
        self.feed(html)
        self.close()
        self._end_line()
        if not self.texts:
            self.problems.append(Finding("page", "no text in the page"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser: attributes are texts, unless they only draw."""
        if tag not in _INLINE:
            self._end_line()
        values = {name: value or "" for name, value in attrs}
        self._element, self._kind = tag, values.get("type", "")
        if tag == "meta" and values.get("http-equiv", "").lower() == "content-security-policy":
            self.security.append(values.get("content", ""))
        for name, value in values.items():
            self.attributes.append((tag, name, value))
            is_drawing = name in CURVES or (name in _DRAWING and not _NO_DRAWING.search(value))
            if value and not is_drawing:
                self._add(f"<{tag} {name}>", value)

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        if tag not in _INLINE:
            self._end_line()
        self._element = self._kind = ""

    def handle_data(self, data: str) -> None:
        """Called by the parser: text between tags, or the content of a script or style."""
        if self._element == "script" and "json" in self._kind:
            self._add_json(data)
        elif data.strip():
            self._add(f"<{self._element or 'text'}>", data)
            self._line.append(data)

    def _end_line(self) -> None:
        """What a reader sees as one text although tags or remarks cut it into several."""
        if len(self._line) > 1:
            self._add("line", "".join(self._line))
        self._line = []

    def handle_comment(self, data: str) -> None:
        """Called by the parser: a comment is in the file, whoever reads it."""
        self._add("comment", data)

    def _add_json(self, text: str) -> None:
        try:
            content = json.loads(text)
        except ValueError:
            self._add("<script>", text)
            return
        for part in _strings(content):
            self._add("<script>", part)
        self.longest = max(self.longest, _longest_list(content))

    def _add(self, place: str, text: str) -> None:
        for packed in _PACKED.findall(text):
            self._unpack(place, packed)
        self.texts.append((place, _PACKED.sub(" ", text)))

    def _unpack(self, place: str, packed: str) -> None:
        try:
            content = gzip.decompress(base64.b64decode(packed, validate=True))
        except (binascii.Error, OSError, EOFError, zlib.error) as problem:
            finding = Finding(place, "packed payload that cannot be read", message=str(problem))
            self.problems.append(finding)
            return
        if hashlib.sha256(content).hexdigest() in self._payloads:
            self.known += 1
            return
        text = content.decode("utf-8", errors="replace")
        if text.lstrip().startswith(("{", "[")):
            self._add_json(text)
        else:
            self._add(f"{place} packed", text)


def _strings(content: Any, *, is_label: bool = False) -> Iterator[str]:
    """Keys and texts of a JSON document, and long whole numbers where it labels things.

    What is drawn is an amount or a count, which the database audit has weighed in its column; what
    a hover shows or code carries along may be anything.
    """
    if isinstance(content, str):
        yield content
    elif isinstance(content, int | float) and not isinstance(content, bool):
        if is_label and abs(content) >= _SHORTEST_NUMBER and content == int(content):
            yield str(int(content))
    elif isinstance(content, dict):
        if isinstance(content.get("bdata"), str):
            yield from _strings(_unpacked(content), is_label=is_label)
        for key, value in content.items():
            yield key
            yield from _strings(value, is_label=is_label or key in _LABELS)
    elif isinstance(content, list):
        for value in content:
            yield from _strings(value, is_label=is_label)


def _unpacked(array: dict[str, Any]) -> list[Any]:
    """Values of an array as plotly packs it: `dtype` and base64 of the bytes.

    Raises:
        ValueError: it is packed in another way; the page then counts as not read.
    """
    import numpy as np

    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array.get("dtype", "f8")).tolist()


def _longest_list(content: Any) -> int:
    if isinstance(content, dict):
        own = 0
        if isinstance(content.get("bdata"), str):
            own = len(_unpacked(content))
        return max([own, *(_longest_list(value) for value in content.values())])
    if isinstance(content, list):
        return max([len(content), *(_longest_list(value) for value in content)])
    return 0
