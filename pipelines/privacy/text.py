"""The text a reader could get out of any column, and the one spelling that patterns are run on.

What belongs here: DuckDB expressions that turn a column of any type into text, undo full-width
digits, invisible characters and encodings. What does not: patterns or verdicts.
"""

from __future__ import annotations

_FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_ASCII = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))
# Arabic-Indic and extended digits, dashes, and blanks that are not the ASCII blank.
_DIGITS = "".join(chr(0x0660 + n) for n in range(10)) + "".join(chr(0x06F0 + n) for n in range(10))
# Digits in circles, brackets, with a stop; raised, lowered and of other scripts; five rows
# of styled ones for mathematics. Between the groups of a number may stand a dot in the middle.
_STYLED = (
    [(0x2460, 1), (0x2474, 1), (0x2488, 1), (0x2776, 1), (0x2780, 1), (0x278A, 1)]
    + [(0x2070, 0), (0x2080, 0), (0x0966, 0), (0x09E6, 0), (0x0E50, 0)]
    + [(0x1D7CE + 10 * row, 0) for row in range(5)]
)
_STYLED_FROM = "⓪¹²³" + "".join(
    chr(start + at) for start, first in _STYLED for at in range(9 if first else 10)
)
_STYLED_TO = "0123" + "".join(
    str(first + at) for _, first in _STYLED for at in range(9 if first else 10)
)
_MIDDLE_DOTS = "·•・∙‧"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_BLANKS = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\n\r"
_FROM = _FULL_WIDTH + _DIGITS + _STYLED_FROM + _MIDDLE_DOTS + _DASHES + _BLANKS
_TO = (
    _ASCII + "0123456789" * 2 + _STYLED_TO + "." * len(_MIDDLE_DOTS)
    + "-" * len(_DASHES) + " " * len(_BLANKS)
)  # fmt: skip

_INVISIBLE = (
    r"[\x{00AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}"
    r"\x{2060}-\x{2069}\x{FE00}-\x{FE0F}\x{FEFF}]"
)
# Only characters that could hide an identifier: ordinary Chinese punctuation is full-width too,
# and rewriting every Chinese sentence would cost ten times the rest of the scan.
_SUSPECT = (
    r"[\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{FF20}\x{FF0B}\x{FF0D}\x{FF0E}\x{FF0F}"
    r"\x{0660}-\x{0669}\x{06F0}-\x{06F9}\x{2010}-\x{2015}\x{2212}\x{00A0}\x{2002}-\x{2009}\x{202F}"
    r"\x{3000}\t\n\r\x{2460}-\x{249B}\x{24EA}\x{2776}-\x{2793}\x{2070}-\x{2089}\x{00B2}\x{00B3}\x{00B9}"
    r"\x{0966}-\x{096F}\x{09E6}-\x{09EF}\x{0E50}-\x{0E59}\x{1D7CE}-\x{1D7FF}"
    r"\x{00B7}\x{2022}\x{30FB}\x{2219}\x{2027}" + _INVISIBLE[1:]
)

_UUID = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
# Printable ASCII in hex, as long as a phone number.
_HEX_OF_TEXT = "(?:[2-7][0-9A-Fa-f]){11,}"
# Four letters of base64 that stand for three printable ASCII characters: 7 % of random ones do.
_QUARTET = "[I-Za-f][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][0-9A-Za-z+/_-]"
_BASE64_OF_TEXT = f"(?:{_QUARTET}){{3}}"
_PERCENT_CODE = "%[0-9A-Fa-f]{2}"
# JSON's, of a digit or of `@`.
_ESCAPED = r"\\u00[34]"

NUMERIC_TYPES = (
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM")
    + ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
    + ("FLOAT", "DOUBLE", "DECIMAL")
)


def is_numeric(data_type: str) -> bool:
    """Whether values of this DuckDB type are plain numbers."""
    return data_type.upper().split("(")[0] in NUMERIC_TYPES and not data_type.endswith("]")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def text_of(column: str, data_type: str) -> str | None:
    """DuckDB expression for the text of a column.

    Args:
        column: name of the column.
        data_type: its DuckDB type.

    Returns:
        An expression of type VARCHAR, or None for types that cannot hold an identifier: BOOLEAN,
        and UUID, whose digits are checked as pseudonyms.
    """
    name, kind = quoted(column), data_type.upper()
    if kind in ("BOOLEAN", "UUID"):
        return None
    if kind in ("VARCHAR", "JSON"):
        return f"{name}::varchar"
    if is_numeric(kind):
        return _number(name, kind)
    if kind.startswith(("DATE", "TIMESTAMP")) and not kind.endswith("]"):
        # A number stored as a moment shows in its seconds since 1970.
        return f"concat_ws(' ', {name}::varchar, try(epoch({name})::bigint::varchar))"
    if kind == "INTERVAL":
        return f"concat_ws(' ', {name}::varchar, try(epoch({name})::bigint::varchar))"
    if kind == "BLOB":
        return _blob(name)
    # Nested types print fractions in full: 16 digits after a point are no card number.
    return rf"regexp_replace({name}::varchar, '\b([0-9]+)\.[0-9]{{12,}}', '\1', 'g')"


def _number(name: str, kind: str) -> str:
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        # 13800138000 in a DOUBLE prints as 13800138000.0, a large one as 4.1e+15; a number with a
        # fraction identifies nobody.
        return (
            f"case when isfinite({name}::double) and {name} = trunc({name})"
            f" then try({name}::hugeint::varchar) end"
        )
    return f"{name}::varchar"


def _blob(name: str) -> str:
    # Three readings: as UTF-8; byte by byte with the unprintable ones as gaps; and with them left
    # out, which undoes UTF-16.
    printed = f"{name}::varchar"
    return (
        f"concat_ws(' ', try(decode({name})),"
        rf" regexp_replace({printed}, '\\x[0-9A-F]{{2}}', ' ', 'g'),"
        rf" regexp_replace({printed}, '\\x[0-9A-F]{{2}}', '', 'g'))"
    )


def normalised(expression: str) -> str:
    """DuckDB expression: invisible characters removed, full-width and other digits made ASCII."""
    rewritten = (
        f"translate(regexp_replace({expression}, '{_INVISIBLE}', '', 'g'),"
        f" {literal(_FROM)}, {literal(_TO)})"
    )
    # Shares and rates printed in full: sixteen digits after `0.` are no card number.
    return (
        f"case when regexp_matches({expression}, '{_SUSPECT}') then {rewritten}"
        rf" when {expression} like '%0.%'"
        rf" then regexp_replace({expression}, '\b0\.[0-9]{{12,}}', '0', 'g')"
        f" else {expression} end"
    )


def worth_a_look(first_look: str) -> str:
    """DuckDB condition on the normalised text `t`: it could hold an identifier, plain or encoded.

    Keys and hashes pass every first look and hold nothing: a UUID has no run of digits between
    boundaries that fits, and a hash is no text in hex. They are the bulk of a row-level table.
    """
    return (
        f"regexp_matches(t, {literal(first_look)}) and not regexp_full_match(t, {literal(_UUID)})"
        f" and not (regexp_full_match(t, '[0-9A-Fa-f]{{32,128}}')"
        f" and not regexp_full_match(t, {literal(_HEX_OF_TEXT)}))"
    )


def looks_encoded() -> str:
    """DuckDB condition on the normalised text `t`: `decoded_sql` would read something in it.

    Three groups of four letters in a row that stand for printable ASCII, as many hex digits as a
    phone number takes, a percent code, an escape of a digit or of `@`.
    """
    encodings = (_BASE64_OF_TEXT, _HEX_OF_TEXT, _PERCENT_CODE, _ESCAPED)
    return f"regexp_matches(t, {literal('|'.join(encodings))})"


def decoded_sql(source: str) -> str:
    """DuckDB query: rows `v`, `t` where `t` is what an encoded part of `source.t` says.

    Base64 (plain and URL-safe, padded or not), hex, percent-encoding, and JSON's `\\u` escapes of
    digits and `@`. What does not decode to text is dropped: it was not an encoded identifier.
    """
    unescaped = "t"
    for character in "0123456789@":
        unescaped = f"replace({unescaped}, '\\u00{ord(character):02x}', '{character}')"
    plain = "rtrim(translate(token, '-_', '+/'), '=')"
    padded = "rpad(token, ((length(token) + 3) // 4 * 4)::integer, '=')"
    return (
        # Decoding what is no text raises an error per value, at a hundred times the cost of this
        # test.
        f"with tokens as (select v, {plain} as token from (select v, unnest(regexp_extract_all("
        f"t, '[0-9A-Za-z+/_-]{{14,}}={{0,2}}')) as token from {source}"
        f" where regexp_matches(t, '{_BASE64_OF_TEXT}'))),"
        f" in_hex as (select v, unnest(regexp_extract_all(t, '{_HEX_OF_TEXT}')) as token"
        f" from {source} where regexp_matches(t, '{_HEX_OF_TEXT}')),"
        f" read as (select v, try(decode(from_base64({padded}))) as t from tokens"
        f" where regexp_matches(token, '^(?:[0-9A-Za-z+/]{{4}})*{_BASE64_OF_TEXT}')"
        " union all select v, try(decode(unhex(token))) from in_hex"
        f" union all select v, try(url_decode(t)) from {source}"
        f"  where regexp_matches(t, '{_PERCENT_CODE}')"
        f" union all select v, {unescaped} from {source} where regexp_matches(t, '{_ESCAPED}'))"
        " select distinct v, t from read where t is not null and length(t) >= 7"
        r" and not regexp_matches(t, '[\x00-\x08\x0E-\x1F\x7F]')"
    )
