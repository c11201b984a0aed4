"""Raw identifiers that ingest has seen, under whatever name and in whatever unkeyed form.

What belongs here: asking the leak index about published values, and looking for our own keys. What
does not: making the index (ingest does). A customer number of a shape that no pattern knows, and
the md5 of a phone number called `user_key`, are found here and nowhere else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

import duckdb

from pipelines.privacy.catalogue import Column
from pipelines.privacy.detectors import mask
from pipelines.privacy.house import KnownIds
from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted, text_of

_PSEUDONYM_SAMPLE = 500
SHORTEST_WORD, LONGEST_WORD = 5, 200
_TOKENS = f"[0-9A-Za-z_+/=@.-]{{{SHORTEST_WORD},}}"
WORD = re.compile(_TOKENS)


def known_ids(
    con: duckdb.DuckDBPyConnection,
    columns: Iterable[tuple[str, str, Column, str]],
    ids: KnownIds,
) -> tuple[list[Finding], int]:
    """Values that are a raw identifier or an unkeyed form of one.

    Args:
        con: connection.
        columns: (relation as SQL, place, declaration, DuckDB type) of each column.
        ids: the leak index, which is asked once.

    Returns:
        One finding for each column with such values, and how many texts were asked about.
    """
    texts: dict[str, set[str]] = {}
    for relation, place, column, data_type in columns:
        if column.role in ("measure", "time") and column.privacy_class != "pseudonym":
            continue
        expression = text_of(column.name, data_type)
        if expression is not None or data_type == "UUID":
            name = expression or f"{quoted(column.name)}::varchar"
            texts[place] = _texts(con, relation, column, name)
    asked = set().union(*texts.values()) if texts else set()
    known = set(ids.known(sorted(asked)))
    message = "the value, its md5, sha1, sha256, base64 or reverse came in with an export"
    findings = []
    for place, values in texts.items():
        found = values & known
        if found:
            sample = mask(min(found))
            kind = "raw identifiers"
            findings.append(Finding(place, kind, len(found), len(found), sample, message))
    return findings, len(asked)


def _texts(
    con: duckdb.DuckDBPyConnection, relation: str, column: Column, expression: str
) -> set[str]:
    """Distinct texts to ask about: whole values and, of longer ones, their words; hex plain."""
    distinct = (
        f"select distinct trim({expression}) as v from {relation}"
        f" where {quoted(column.name)} is not null"
    )
    if column.privacy_class == "pseudonym":
        # Made alike, all or none of them are unkeyed hashes; a few hundred tell.
        rows = con.execute(
            f"select replace(lower(v), '-', '') from ({distinct})"
            f" order by hash(v) limit {_PSEUDONYM_SAMPLE}"
        ).fetchall()
        return {text for (text,) in rows}
    rows = con.execute(
        f"with d as ({distinct}),"
        f" words as (select v from d union"
        f" select unnest(regexp_extract_all(v, {literal(_TOKENS)})) from d"
        "  where regexp_matches(v, '[^0-9A-Za-z_+/=@.-]')),"
        " spelled as (select v from words union select lower(v) from words union"
        "  select replace(lower(v), '-', '') from words where v like '%-%')"
        f" select v from spelled where length(v) between {SHORTEST_WORD} and {LONGEST_WORD}"
    ).fetchall()
    return {text for (text,) in rows}


def forms_of(secrets: Iterable[bytes]) -> list[bytes]:
    """Every way a key might be written: as bytes, hex, HEX, base64 of the bytes or of the hex."""
    forms = []
    for secret in secrets:
        digits = secret.hex().encode()
        packed = [base64.b64encode(form).rstrip(b"=") for form in (secret, digits)]
        forms += [secret, digits, digits.upper(), *packed]
    return forms


def keys_in_values(
    con: duckdb.DuckDBPyConnection,
    present: dict[tuple[str, str], dict[str, str]],
    secrets: tuple[bytes, ...],
) -> list[Finding]:
    """Columns of text or bytes in which one of our own keys stands."""
    if not secrets:
        return []
    texts = [form.decode() for secret in secrets for form in forms_of([secret])[1:]]
    findings = []
    for (schema, table), columns in present.items():
        for name, data_type in columns.items():
            text = text_of(name, data_type)
            if text is None or not data_type.startswith(
                ("VARCHAR", "JSON", "BLOB", "STRUCT", "MAP")
            ):
                continue
            held = " or ".join(f"contains({text}, {literal(form)})" for form in texts)
            rows = con.execute(
                f"select count(*) from {quoted(schema)}.{quoted(table)} where {held}"
            ).fetchall()[0][0]
            if rows:
                findings.append(Finding(f"{table}.{name}", "a key of this house", rows=rows))
    return findings
