"""What may be left of a card number: the first six or the last four digits, and no way back.

What belongs here: truncated card numbers and what stands beside them (PCI DSS 3.4.1, 3.5.1). What
does not: whole card numbers (`patterns`), names of security data (`metadata`). First six, last four
and Luhn's digit leave 100,000 candidates: beside any hash of the number it falls at once.
"""

from __future__ import annotations

import re

import duckdb

from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted

_MASKED = r"([0-9]{6}|[0-9]{8})[*xX•·.…_-]{3,}([0-9]{4})|[*xX•·…]{4,}[ -]?([0-9]{4})"
_NAMED_HEAD = re.compile(
    r"(^|_)(bin|iin|bin6|bin8|card_prefix|first_six|first6|card_head)($|_)|卡BIN"
)
_NAMED_TAIL = re.compile(r"(^|_)(last4|last_4|last_four|card_tail|card_suffix|tail_no)($|_)|尾号")
_NAMED_HASH = re.compile(r"(^|_)(pan|card)(_number)?_(key|hash|token|hmac|id)($|_)")


def card_parts(
    con: duckdb.DuckDBPyConnection, present: dict[tuple[str, str], dict[str, str]], audience: str
) -> list[Finding]:
    """Truncated card numbers that an audience may not see or that can be put together again."""
    heads, tails, hashes, whole = [], [], [], {}
    for (schema, table), columns in present.items():
        relation = f"{quoted(schema)}.{quoted(table)}"
        for name, data_type in columns.items():
            place, plain = f"{table}.{name}", name.lower()
            heads += [place] if _NAMED_HEAD.search(plain) else []
            tails += [place] if _NAMED_TAIL.search(plain) else []
            hashes += [place] if _NAMED_HASH.search(plain) else []
            if data_type == "VARCHAR":
                formats = _masked_formats(con, relation, name)
                if formats:
                    whole[place] = formats
    findings = []
    if audience == "marketing":
        seen = sorted({*heads, *tails, *hashes, *whole})
        findings += [Finding(place, "parts of card numbers") for place in seen]
    kinds = {kind for formats in whole.values() for kind in formats}
    if len(kinds) > 1:
        message = "two truncations of one number can be laid over one another"
        places = ", ".join(sorted(whole))
        findings.append(Finding(places, "more than one truncation of cards", message=message))
    both = bool(whole) or (bool(heads) and bool(tails))
    if both and hashes:
        message = "about 100,000 candidates are left: the hash can be tried"
        places = ", ".join(sorted({*hashes, *whole, *heads, *tails}))
        findings.append(Finding(places, "truncated card beside its hash", message=message))
    return findings


def _masked_formats(con: duckdb.DuckDBPyConnection, relation: str, name: str) -> set[str]:
    """Which truncations the values of a column have: `6+4`, `8+4`, `4`."""
    rows = con.execute(
        f"select distinct length(regexp_extract(v, {literal(_MASKED)}, 1)) from ("
        f"select distinct trim({quoted(name)}) as v from {relation})"
        f" where regexp_full_match(v, {literal(_MASKED)})"
    ).fetchall()
    return {f"{head}+4" if head else "4" for (head,) in rows}
