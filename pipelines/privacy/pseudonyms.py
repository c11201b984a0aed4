"""Pseudonyms that are what they claim: 128 random-looking bits, not an identifier in disguise.

What belongs here: format and spread of declared key columns, and columns that hold keys without
saying so. What does not: making pseudonyms (ingest does).
"""

from __future__ import annotations

import duckdb

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A number padded to 32 digits, such as a phone, is half zeros; of random keys 3 in 10^11 are.
_MOST_ZEROS = 16
_SPREAD_SAMPLE = 100_000
_SPREAD_FEWEST = 200
_SPREAD_SIGMAS = 8.0
# Share of hash- or UUID-shaped values from which a column is taken for one of keys.
_KEY_SHARE = 0.9


def check_pseudonym(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, column: Column
) -> list[Finding]:
    """Findings about one declared pseudonym column: format, padded numbers, uneven digits."""
    place, name = f"{table.name}.{column.name}", f"lower({quoted(column.name)}::varchar)"
    bad, padded, distinct = con.execute(
        f"with d as (select distinct {name} as v from {relation}"
        f" where {quoted(column.name)} is not null),"
        " n as (select v, replace(v, '-', '') as h from d)"
        f" select count(*) filter (not regexp_full_match(v, '{_UUID}')),"
        f" count(*) filter (32 - length(replace(h, '0', '')) >= {_MOST_ZEROS}),"
        " count(*) from n"
    ).fetchall()[0]
    if bad:
        return [Finding(place, "pseudonyms that are not UUIDs", bad, bad)]
    if padded:
        return [Finding(place, "numbers padded to look like pseudonyms", padded, padded)]
    if distinct < _SPREAD_FEWEST:
        return []
    return _uneven(con, relation, place, name, every=max(1, distinct // _SPREAD_SAMPLE))


def _uneven(
    con: duckdb.DuckDBPyConnection, relation: str, place: str, name: str, every: int
) -> list[Finding]:
    """Keyed hashes use all 16 digits alike; the version digits of a UUID (13, 17) are left out.

    Tables are stored in the order of their keys, so the first keys all begin alike: the sample is
    one in `every` by a hash of the key.
    """
    shares = con.execute(
        f"with d as (select distinct replace({name}, '-', '') as h from {relation}"
        f" where {name} is not null and hash({name}) % {every} = 0),"
        " n as (select substr(h, 1, 12) || substr(h, 14, 3) || substr(h, 18) as h from d),"
        " digits as (select unnest(range(16)) as i)"
        " select max(abs(seen - total / 16.0) / sqrt(total * 15.0 / 256)) from ("
        "select sum(length(h) - length(replace(h, format('{:x}', i), ''))) as seen,"
        " sum(length(h)) as total from n, digits group by i)"
    ).fetchall()[0][0]
    if shares is not None and shares > _SPREAD_SIGMAS:
        return [
            Finding(
                place,
                "digits not spread as a keyed hash spreads them",
                message=f"{shares:.0f} standard deviations off: is a raw identifier in the key?",
            )
        ]
    return []


def undeclared_keys(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    types: dict[str, str],
) -> list[Finding]:
    """Columns that hold keys or hashes without being declared as pseudonym or lineage.

    Args:
        con: connection.
        relation: table as SQL, already quoted.
        table: its declaration.
        types: DuckDB type of each present column.
    """
    findings = []
    for column in table.columns:
        data_type = types.get(column.name)
        if column.privacy_class == "pseudonym" or column.role == "lineage":
            continue
        # The hash of a file says nothing about a person.
        if column.name.endswith("_sha256") or data_type not in ("UUID", "VARCHAR"):
            continue
        name = quoted(column.name)
        shaped, total = con.execute(
            f"select count(*) filter (regexp_full_match(lower(v), '{_UUID}|[0-9a-f]{{32,128}}')),"
            f" count(*) from (select distinct {name}::varchar as v from {relation}"
            f" where {name} is not null)"
        ).fetchall()[0]
        if total and shaped >= _KEY_SHARE * total:
            findings.append(
                Finding(
                    f"{table.name}.{column.name}",
                    f"keys or hashes in a column declared {column.privacy_class}",
                    shaped,
                    shaped,
                )
            )
    return findings
