"""Proof that the audit can see: seeded leaks it must catch before its verdict counts.

What belongs here: made-up personal data in every shape, and harmless look-alikes. What does not:
anything about the file under audit. An audit whose detectors were switched off, broken by an
upgrade or never run fails here.
"""

from __future__ import annotations

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.declared import not_allowed, present_columns, undeclared
from pipelines.privacy.detectors import scan_texts
from pipelines.privacy.disclosure import too_few_people
from pipelines.privacy.metadata import described_objects, forbidden_names, texts_of
from pipelines.privacy.patterns import BY_KIND
from pipelines.privacy.policy import Policy
from pipelines.privacy.pseudonyms import check_pseudonym
from pipelines.privacy.report import Finding
from pipelines.privacy.values import scan_values

# Test numbers of card schemes, documentation addresses (RFC 5737, 3849) and invented ids.
_TEXT_LEAKS = {
    "card_number": "退款至卡号4111111111111111请核实",
    "citizen_id": "证件 11010519491231002X",
    "mobile_number": "致电１３８００１３８０００",
    "masked_mobile_number": "(*三)138****8000",
    "phone_number": "call +44 7911 123456",
    "email": "写信给 li.lei@example.com",
    "iban": "IBAN DE89 3704 0044 0532 0130 00",
    "ip_address": "from 203.0.113.77",
    "ipv6_address": "from 2001:db8::8a2e:370:7334",
    "wechat_open_id": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "alipay_user_id": "2088102146225135",
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "api_key": "AKIAIOSFODNN7EXAMPLE",
    "private_key": "-----BEGIN RSA PRIVATE KEY-----",
}
_TYPED_LEAKS = {
    "as_double": ("DOUBLE", "13800138000"),
    "as_bigint": ("BIGINT", "6222021234567890128"),
    "as_struct": ("STRUCT(a VARCHAR)", "{'a': 'li.lei@example.com'}"),
    "as_blob": ("BLOB", "'li.lei@example.com'::blob"),
    "as_base64": ("VARCHAR", "to_base64('13800138000'::blob)"),
    "invisible": ("VARCHAR", "'1380' || chr(8203) || '0138000'"),
}
_LOOK_ALIKES = {
    "transaction": ("VARCHAR", "'4200002076202401018765432109'"),
    "amount": ("DECIMAL(18,4)", "1234.5600"),
    "day": ("DATE", "date '2024-01-31'"),
    "pseudonym": ("VARCHAR", "'5f0c9a34-8d1e-4b7a-9c55-0a7be1f2d3c4'"),
    "unix_seconds": ("BIGINT", "1706659200"),
    "unix_milliseconds": ("BIGINT", "1706659200123"),
    "share": ("DOUBLE", "0.4111111111111111"),
}


def self_test(policy: Policy) -> list[Finding]:
    """Run the audit's own checks over seeded leaks and look-alikes.

    Args:
        policy: the policy of the audit that is about to run.

    Returns:
        One finding per leak that was missed and per look-alike that was taken for one.
    """
    with duckdb.connect() as con:
        missed = _values(con, policy) + _metadata(con) + _people(con, policy) + _keys(con)
    return [Finding(place, "self-test failed") for place in missed]


def _values(con: duckdb.DuckDBPyConnection, policy: Policy) -> list[str]:
    columns = {**_TYPED_LEAKS, **_LOOK_ALIKES}
    # One leak of each type among nulls, the texts in one column.
    spoiled = ", ".join(
        f"case when i = 3 then ({value})::{data_type} end as {name}"
        for name, (data_type, value) in columns.items()
    )
    con.execute(
        f"create table leaks as select list_extract($1::varchar[], i) as note, {spoiled}"
        " from range(1, $2) t(i)",
        [[*_TEXT_LEAKS.values()], len(_TEXT_LEAKS) + 1],
    )
    present = present_columns(con, "memory")
    found = scan_values(con, present, Catalogue(()), policy).findings
    told = [finding for findings in found.values() for finding in findings]
    places = {finding.place for finding in told}
    labels = {finding.kind for finding in told if finding.place == "leaks.note"}
    missed = [f"text {kind}" for kind in _TEXT_LEAKS if BY_KIND[kind].label not in labels]
    missed += [f"type {name}" for name in _TYPED_LEAKS if f"leaks.{name}" not in places]
    missed += [f"look-alike {name}" for name in _LOOK_ALIKES if f"leaks.{name}" in places]
    if not undeclared(present, Catalogue(())):
        missed.append("undeclared table")
    return missed


def _metadata(con: duckdb.DuckDBPyConnection) -> list[str]:
    con.execute("create table remarks (kind enum ('13800138000', 'b'), cvv integer)")
    con.execute("comment on column remarks.cvv is 'ask li.lei@example.com'")
    con.execute("create view looked_up as select 1 as x where '13800138000' <> ''")
    found = {place for place, _ in scan_texts(con, texts_of(described_objects(con, "memory")))}
    missed = {"remarks.kind", "remarks.cvv", "view looked_up"} - found
    if not forbidden_names([("remarks", "cvv")]):
        missed.add("name of card security data")
    return sorted(missed)


def _people(con: duckdb.DuckDBPyConnection, policy: Policy) -> list[str]:
    # One customer with many rows is one person; a count one below the minimum is too small.
    con.execute(
        "create table members as select 'at_risk' as segment, 'u' as user_key"
        f" from range({policy.minimum_users * 3})"
    )
    con.execute(f"create table cells as select {policy.minimum_users - 1}::bigint as users")
    key = Column("user_key", "VARCHAR", "pseudonym", "key", "user")
    members = Table("marketing", "members", (Column("segment", "VARCHAR"), key))
    cells = Table("marketing", "cells", (Column("users", "BIGINT"),))
    missed = [
        f"people behind {table.name}"
        for table in (members, cells)
        if not too_few_people(con, table.name, table, policy)
    ]
    if not not_allowed(Catalogue((members,)), "marketing", policy):
        missed.append("column without a declaration")
    return missed


def _keys(con: duckdb.DuckDBPyConnection) -> list[str]:
    con.execute(
        "create table keyed as select '00000000-0000-0000-0000-013800138000'::uuid as user_key"
    )
    column = Column("user_key", "UUID", "pseudonym", "key", "user")
    found = check_pseudonym(con, "keyed", Table("analyst", "keyed", (column,)), column)
    return [] if found else ["phone padded to a key"]
