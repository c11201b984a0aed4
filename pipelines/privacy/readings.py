"""Other ways to write an identifier: digit by digit, in words, as codes, with letters for digits.

What belongs here: queries that rewrite a text into what it says, so that patterns find it. What
does not: encodings of whole texts (base64, hex, percent; `text`), patterns.

Each reading has a condition on the text `t`; only texts that meet it are rewritten.
"""

from __future__ import annotations

import base64
import zlib

import duckdb

from pipelines.privacy.text import literal

_CHARACTERS = "0123456789@"
_WORDS = "〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖幺"
_WORDS_AS_DIGITS = "0" + "0123456789" + "123456789" + "1"
# Eleven or more single digits, two characters apart at most: 1-3-8-…, [1, 3, 8, …].
_ONE_BY_ONE = r"(?:\b[0-9][^0-9A-Za-z]{1,2}){10,18}[0-9]\b"
_CODES = r"(?:\b(?:4[89]|5[0-7])[^0-9A-Za-z]{1,2}){10,18}(?:4[89]|5[0-7])\b"
_IN_WORDS = f"[{_WORDS}]{{11,}}"
# O for 0, l and I for 1 among digits.
_LOOK_ALIKE = r"\b[0-9OoIl]*[0-9][0-9OoIl]{9,17}[0-9OoIl]\b"
_AT = r"(?i) ?[\[({<] ?(?:at|a|@) ?[\])}>] ?"
_DOT = r"(?i) ?[\[({<] ?(?:dot|\.) ?[\])}>] ?"
_SPOKEN = r"(?i)([0-9A-Za-z._%+-]+) (?:at|艾特) ([0-9A-Za-z-]+) (?:dot|点) ([A-Za-z]{2,})"

# Base32, and gzip or zlib in base64: DuckDB reads neither.
_PACKED = r"\b(?:[A-Z2-7]{16,}={0,6}|(?:H4sI|eJ|eN)[0-9A-Za-z+/]{12,}={0,2})"
_LONGEST_UNPACKED = 1 << 20

# What a text must have for any reading to be tried; together with the patterns' own.
FIRST_LOOK_READINGS = (
    r"&#|=40|\\x[34]|(?:[0-9][^0-9A-Za-z]{1,2}){10}|(?:[45][0-9][^0-9A-Za-z]{1,2}){10}",
    rf"{_IN_WORDS}|[0-9OoIl]{{11}}|[0-9]\.[0-9]{{4,}}[eE]\+?1[0-9]",
    r"[\[({<] ?(?i:at|a|@|dot|\.) ?[\])}>]|(?i: (?:at|艾特) [0-9a-z-]+ (?:dot|点) )",
)


def _each(pattern: str, rewritten: str) -> tuple[str, str]:
    """Condition, and query of (v, t): every match of `pattern` (as `m`) rewritten."""
    found = f"regexp_extract_all(t, {literal(pattern)})"
    return (
        f"regexp_matches(t, {literal(pattern)})",
        f"select v, {rewritten} as t from (select v, unnest({found}) as m from $source)",
    )


def _whole(rewritten: str) -> str:
    return f"select v, {rewritten} as t from $source"


def _unescaped(form: str) -> str:
    """Expression: the text `t` with escapes of digits and `@` undone; `form` takes a code point."""
    text = "t"
    for character in _CHARACTERS:
        text = f"replace({text}, {literal(form.format(ord(character)))}, '{character}')"
    return text


def _codes() -> str:
    spaced = "replace(',' || regexp_replace(m, '[^0-9]+', ',', 'g') || ',', ',', ',,')"
    for digit in range(10):
        spaced = f"replace({spaced}, ',{48 + digit},', '{digit}')"
    return f"replace({spaced}, ',', '')"


_READINGS = (
    ("contains(t, '&#')", _whole(_unescaped("&#{};"))),
    ("contains(t, '&#x')", _whole(_unescaped("&#x{:x};"))),
    (r"regexp_matches(t, '\\x[34]')", _whole(_unescaped("\\x{:02x}"))),
    ("contains(t, '=40')", _whole("replace(t, '=40', '@')")),
    (
        f"regexp_matches(t, {literal(_AT + '|' + _DOT)})",
        _whole(
            f"regexp_replace(regexp_replace(t, {literal(_AT)}, '@', 'g'),"
            f" {literal(_DOT)}, '.', 'g')"
        ),
    ),
    (
        f"regexp_matches(t, {literal(_SPOKEN)})",
        _whole(rf"regexp_replace(t, {literal(_SPOKEN)}, '\1@\2.\3', 'g')"),
    ),
    _each(_ONE_BY_ONE, "regexp_replace(m, '[^0-9]', '', 'g')"),
    _each(_CODES, _codes()),
    _each(_IN_WORDS, f"translate(m, '{_WORDS}', '{_WORDS_AS_DIGITS}')"),
    _each(_LOOK_ALIKE, "translate(m, 'OoIl', '0011')"),
    _each(r"[0-9]\.[0-9]{4,}[eE]\+?1[0-9]", "try(m::double::hugeint::varchar)"),
)


def readings_sql(con: duckdb.DuckDBPyConnection, source: str) -> str | None:
    """DuckDB query of what the texts of a relation say when read otherwise.

    Only readings that apply are part of it: most apply to no text of a release, and each costs
    more to plan than to be asked for.

    Args:
        con: connection that holds the relation.
        source: relation with the columns `v` and `t`, the normalised text.

    Returns:
        Query of rows `v`, `t`, the text as read otherwise; None when no reading applies.
    """
    flags = ", ".join(f"coalesce(bool_or({condition}), false)" for condition, _ in _READINGS)
    applies = con.execute(f"select {flags} from {source}").fetchall()[0]
    parts = [
        query.replace("$source", f"(select v, t from {source} where {condition})")
        for (condition, query), does_apply in zip(_READINGS, applies, strict=True)
        if does_apply
    ]
    if not parts:
        return None
    return " union all ".join(f"select v, t from ({part}) where t is not null" for part in parts)


def unpacked(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(v, t) of texts of `survivors` that hold something packed, where it is text."""
    rows = con.execute(
        f"select v, unnest(regexp_extract_all(t, {literal(_PACKED)})) from survivors"
        f" where regexp_matches(t, {literal(_PACKED)})"
    ).fetchall()
    read = [(value, _unpack(token)) for value, token in dict.fromkeys(rows)]
    return [(value, text) for value, text in read if text]


def _unpack(token: str) -> str:
    """What a token says; empty when it says nothing that can be printed."""
    plain = token.rstrip("=")
    try:
        if token.startswith(("H4sI", "eJ", "eN")):
            packed = base64.b64decode(plain + "=" * (-len(plain) % 4))
            content = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(packed, _LONGEST_UNPACKED)
        else:
            content = base64.b32decode(plain + "=" * (-len(plain) % 8))
        text = content.decode("utf-8")
    except (ValueError, zlib.error):
        return ""
    return text if len(text) >= 7 and all(c.isprintable() or c.isspace() for c in text) else ""
