"""A small private warehouse, the dbt manifest that declares its published models, and a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

# Column -> (type, class, role, subject).
COLUMNS = {
    "order_key": ("uuid", "pseudonym", "key", "order"),
    "user_key": ("uuid", "pseudonym", "key", "user"),
    "business_date": ("date", "quasi_identifier", "time", "none"),
    "wallet": ("varchar", "none", "dimension", "none"),
    "region": ("varchar", "quasi_identifier", "dimension", "none"),
    "amount": ("decimal(18,4)", "sensitive", "measure", "none"),
    "failure_rate": ("double", "aggregate", "measure", "none"),
    "file_sha256": ("varchar", "none", "lineage", "none"),
    "row_number": ("bigint", "none", "lineage", "none"),
    "dimension": ("varchar", "none", "dimension", "none"),
    "dimension_value": ("varchar", "none", "dimension", "none"),
    "attempts": ("bigint", "aggregate", "measure", "none"),
    "metric_id": ("varchar", "none", "key", "none"),
    "label_zh": ("varchar", "none", "text", "none"),
    "source": ("varchar", "none", "dimension", "none"),
    "rows": ("bigint", "aggregate", "measure", "none"),
    "lifecycle_segment": ("varchar", "none", "dimension", "none"),
    "users": ("bigint", "aggregate", "measure", "none"),
    "net_amount": ("decimal(18,4)", "aggregate", "measure", "none"),
}
ORDER = ("order_key", "user_key", "business_date", "wallet", "region", "amount")
COUNTED = ("dimension", "dimension_value", "users", "attempts")
MODELS: dict[str, dict[str, tuple[str, ...]]] = {
    "analyst": {
        "fct_payments": (*ORDER, "failure_rate", "file_sha256", "row_number"),
        "metric_definitions": ("metric_id", "label_zh"),
        "region_counts": COUNTED,
        "source_files": ("file_sha256", "source", "rows"),
    },
    "marketing": {
        "audience_members": ("lifecycle_segment", "user_key"),
        "data_freshness": ("source", "rows"),
        "metric_definitions": ("metric_id", "label_zh"),
        "region_counts": COUNTED,
        "segment_summary": ("lifecycle_segment", "users", "net_amount"),
    },
}
PAYMENTS = """
    select md5('o' || i)::uuid as order_key, md5('u' || i % 60)::uuid as user_key,
        date '2024-01-01' + (i % 90)::integer as business_date,
        ['alipay', 'wechat_pay'][1 + i % 2] as wallet,
        ['上海', 'Beijing', null][1 + i % 3] as region,
        (i * 1.5)::decimal(18, 4) as amount, 1.0 / (1 + i % 7) as failure_rate,
        sha256('file') as file_sha256, i as row_number
    from range(3000) t(i)
"""
METRICS = "select 'failure_rate' as metric_id, '失败率' as label_zh"
SOURCES = "select sha256('file') as file_sha256, 'wechat_trade_bill' as source, 3000 as rows"
# Everything, and what it is made of: three people of the third region.
REGIONS = """
    select * from (values ('all', 'all', 60::bigint, 600::bigint), ('region', 'north', 30, 300),
        ('region', 'south', 27, 270), ('region', 'west', 3, 30)
    ) v(dimension, dimension_value, users, attempts)
"""
SEGMENTS = """
    select ['champions', 'loyal', 'at_risk'][1 + u % 3] as lifecycle_segment,
        count(distinct u) as users, sum(u * 10)::decimal(18, 4) as net_amount
    from range(60) t(u) group by all
"""
MEMBERS = """
    select ['champions', 'loyal', 'at_risk'][1 + u % 3] as lifecycle_segment,
        md5('u' || u)::uuid as user_key
    from range(60) t(u)
"""


def write_warehouse(path: Path, *then: str) -> Path:
    """The private file as dbt leaves it: facts in `marts`, analysts' models as views on them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        for schema in ("marts", "analyst", "marketing"):
            con.execute(f"create schema {schema}")
        con.execute(f"create table marts.fct_payments as {PAYMENTS}")
        con.execute("create table marts.raw as select '13800138000' as phone, 'x' as openid")
        con.execute("create view analyst.fct_payments as from warehouse.marts.fct_payments")
        con.execute(f"create table analyst.metric_definitions as {METRICS}")
        con.execute(f"create table analyst.source_files as {SOURCES}")
        con.execute(f"create table analyst.region_counts as {REGIONS}")
        # With the small one the next smallest is hidden.
        con.execute(f"create table marketing.region_counts as {REGIONS} where users > 27")
        con.execute(f"create table marketing.metric_definitions as {METRICS}")
        con.execute(
            f"create table marketing.data_freshness as select source, rows from ({SOURCES})"
        )
        con.execute(f"create table marketing.segment_summary as {SEGMENTS}")
        con.execute(f"create table marketing.audience_members as {MEMBERS}")
        for statement in then:
            con.execute(statement)
    return path


def write_manifest(path: Path) -> Path:
    """A manifest as dbt 1.11 writes it, reduced to what is read."""
    nodes = {
        f"model.wallet.published_{audience}__{table}": _node(audience, table, columns)
        for audience, tables in MODELS.items()
        for table, columns in tables.items()
    }
    nodes["model.wallet.fct_payments"] = {
        "resource_type": "model",
        "schema": "marts",
        "name": "fct_payments",
        "alias": "fct_payments",
        "columns": {},
        "config": {},
    }
    document = {"metadata": {"invocation_id": "test"}, "nodes": nodes}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def _node(audience: str, table: str, columns: tuple[str, ...]) -> dict[str, Any]:
    is_made_up = audience == "marketing" and "net_amount" in columns
    reasons = {"net_amount": "made up for these tests, of no payment"} if is_made_up else {}
    return {
        "resource_type": "model",
        "schema": audience,
        "name": f"published_{audience}__{table}",
        "alias": table,
        "description": f"One row per thing of {table}; it's 数据.",
        "compiled_code": f"select {', '.join(columns)} from lake.payment_attempts",
        "config": {"schema": audience, "meta": {"privacy": {"unattributed": reasons}}},
        "columns": {name: _column(name, audience) for name in columns},
    }


def _column(name: str, audience: str) -> dict[str, Any]:
    data_type, privacy_class, role, subject = COLUMNS[name]
    privacy = {
        "class": privacy_class,
        "role": role,
        "subject": subject,
        "audience": [audience],
        "purpose": "payment_analysis",
        "retention_days": 36500,
    }
    return {
        "name": name,
        "data_type": data_type,
        "description": f"What {name} says.",
        "meta": {},
        "config": {"meta": {"privacy": privacy}},
    }


def draw_page(marketing: Path, analyst: Path | None, out: Path, meta: dict[str, Any]) -> Path:
    """Stands in for the reports room: a page drawn from the marketing file."""
    with duckdb.connect(str(marketing), read_only=True) as con:
        rows = con.execute("select lifecycle_segment, users from segment_summary order by 1")
        cells = "".join(f"<li>{segment}: {users}</li>" for segment, users in rows.fetchall())
    csp = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    out.write_text(
        f"<html><head>{csp}</head><body><h1>{meta['release_id']}</h1><ul>{cells}</ul></body></html>",
        encoding="utf-8",
    )
    return out
