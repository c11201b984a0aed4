"""Declarations and queries of small clean files, and how to write them."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import duckdb

from pipelines.privacy.audit import audit_database
from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.house import House
from pipelines.privacy.lineage import Held, Lineage
from pipelines.privacy.policy import Policy
from pipelines.privacy.register import read_register
from pipelines.privacy.report import AuditReport

ROWS = 2000


def column(name: str, data_type: str, privacy_class: str = "none", role: str = "dimension", **more):
    """A fully declared column for both audiences."""
    return Column(
        name,
        data_type,
        privacy_class,
        role,
        more.pop("subject", "none"),
        more.pop("audiences", ("analyst", "marketing")),
        more.pop("purpose", "payment_analysis"),
        more.pop("retention_days", 730),
        more.pop("description", f"What {name} says."),
    )


USER_KEY = column("user_key", "UUID", "pseudonym", "key", subject="user")

# The decoys d1 to d6 of the red-team list stand in every clean file.
PAYMENTS = Table(
    "analyst",
    "fct_payments",
    (
        USER_KEY,
        column("business_date", "DATE", "quasi_identifier", "time"),
        column("paid_hour", "TIMESTAMP", "quasi_identifier", "time"),
        column("wallet", "VARCHAR"),
        column("note", "VARCHAR", "none", "text"),
        column("amount", "DECIMAL(18,4)", "sensitive", "measure"),
        column("provider_number", "VARCHAR", "none", "key"),
        column("seen_seconds", "BIGINT", "none", "lineage"),
        column("seen_milliseconds", "BIGINT", "none", "lineage"),
        column("share", "DOUBLE", "aggregate", "measure"),
        column("app_version", "VARCHAR", "quasi_identifier"),
        column("file_sha256", "VARCHAR", "none", "lineage"),
    ),
)
PAYMENTS_SQL = f"""
    select md5('key' || i)::uuid as user_key,
        date '2024-01-01' + (i % 90)::integer as business_date,
        timestamp '2024-01-01' + to_hours(i % 300) as paid_hour,
        ['alipay', 'wechat_pay'][1 + i % 2] as wallet,
        'order ' || (i % 50) || ' 已退款' as note,
        (i * 1.37)::decimal(18, 4) as amount,
        '42000020762024010187' || lpad(i::varchar, 8, '0') as provider_number,
        1706659200 + i as seen_seconds,
        1706659200123 + i * 1000 as seen_milliseconds,
        i / 7.0 as share,
        '8.0.' || (i % 40) as app_version,
        sha256((i % 3)::varchar) as file_sha256
    from range({ROWS}) t(i)
"""
SEGMENTS = Table(
    "marketing",
    "segment_summary",
    (
        column("lifecycle_segment", "VARCHAR"),
        column("users", "BIGINT", "aggregate", "measure"),
        column("net_amount", "DECIMAL(18,4)", "aggregate", "measure"),
    ),
)
SEGMENTS_SQL = """
    select unnest(['champions', 'loyal', 'at_risk']) as lifecycle_segment,
        unnest([40, 25, 10])::bigint as users,
        unnest([12000.5, 8000, 900.25])::decimal(18, 4) as net_amount
"""
AUDIENCE = Table(
    "marketing", "audience_members", (column("lifecycle_segment", "VARCHAR"), USER_KEY)
)
AUDIENCE_SQL = """
    select ['champions', 'loyal'][1 + i % 2] as lifecycle_segment, md5('m' || i)::uuid as user_key
    from range(40) t(i)
"""


def write_file(path: Path, tables: dict[str, str], *then: str, storage: str = "v1.2.0") -> Path:
    """A fresh DuckDB file with tables made by queries; `then` spoils it before the checkpoint."""
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as c (storage_version '{storage}')")
        con.execute("use c")
        for name, query in tables.items():
            con.execute(f'create table "{name}" as {query}')
        for statement in then:
            con.execute(statement)
        con.execute("checkpoint c")
        con.execute("use memory")
        con.execute("detach c")
    path.chmod(0o400)
    return path


def house_for(catalogue: Catalogue, **more) -> House:
    """Surroundings in which columns come straight from an export, keys from its pseudonyms."""
    key = ("lake", "export", "key")
    columns = {
        (table.audience, table.name): {
            c.name: Held(
                frozenset(
                    {key if c.privacy_class == "pseudonym" else ("lake", "export", f"_{c.name}")}
                )
            )
            for c in table.columns
        }
        for table in catalogue.tables
    }
    lineage = more.pop("lineage", Lineage(columns, {}, frozenset({key})))
    today = more.pop("today", date(2024, 6, 1))
    return House(today, lineage, read_register(), **more)


def audit_file(
    path: Path, catalogue: Catalogue, audience: str, policy: Policy | None = None, **more
) -> AuditReport:
    """Audit a file in surroundings of its own; `house` or single parts of it may be given."""
    around = {name: more.pop(name) for name in list(more) if name in House.__dataclass_fields__}
    house = more.pop("house", None) or house_for(catalogue, **around)
    return audit_database(path, catalogue, audience, policy or Policy(), house, **more)


def with_column(table: Table, added: Column) -> Table:
    """The declaration with one column more."""
    return dataclasses.replace(table, columns=(*table.columns, added))
