"""A lake written by hand, small enough to know every fact in it, and the warehouse built from it.

The story is in LAKE_ROWS: three wallets' days with copies of every kind (day downloaded twice, ALL
beside SUCCESS and REFUND, a spreadsheet's copy), late success, retries, another wallet, refunds in
parts, orphans, a user known by openid only, and test traffic.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from decimal import Decimal
from pathlib import Path

import dagster as dg
import polars as pl

from pipelines.failures import drop_tables, tables
from pipelines.formats.catalogue import all_formats
from pipelines.ingest.lake import REJECTS_SCHEMA, lake_schema
from pipelines.risk.payments import RiskRules
from pipelines.risk.tables import TABLES as RISK_TABLES
from pipelines.risk.tables import write_risk
from pipelines.segments.tables import TABLES
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import analysed, connect
from pipelines.warehouse.store import ModelStore

# The columns are ingest's own: a column that is renamed there breaks the build here.
SCHEMAS = {spec.source: lake_schema(spec) for spec in all_formats()}


def key(domain: str, *value: str) -> str:
    """The pseudonym of a readable value in this lake."""
    return str(uuid.UUID(hashlib.md5("|".join([domain, *value]).encode()).hexdigest()))


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def wechat_payment(order: str, at: str, amount: str, **more: str) -> dict:
    return {
        "trade_time": at,
        "out_trade_no": order,
        "transaction_id": f"t-{order}",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "bank_type": "CMB_DEBIT",
        "currency": "CNY",
        "settlement_amount": amount,
        "order_amount": amount,
        "coupon_amount": "0.00",
        "refund_amount": "0.00",
        "requested_refund_amount": "0.00",
        "refund_id": "0",
        "fee": "0.00000",
        "fee_rate": "0.60%",
        "sub_mch_id": "0",
        "bill_type": "ALL",
        "user_openid_key": key("wechat_openid", f"open-{order}"),
        "order_key": key("order", order),
        "capture_key": key("capture", "wechat_pay", f"t-{order}", order),
    } | more


def wechat_refund(order: str, refund: str, at: str, amount: str, **more: str) -> dict:
    return (
        wechat_payment(order, at, "0.00")
        | {
            "trade_state": "REFUND",
            "refund_id": refund,
            "refund_amount": amount,
            "requested_refund_amount": amount,
            "refund_status": "SUCCESS",
            "refund_key": key("refund", "wechat_pay", refund),
        }
        | more
    )


def alipay_row(order: str, at: str, amount: str, batch: str | None = None, **more: str) -> dict:
    refund = more.get("business_type") == "退款"
    return {
        "trade_no": f"a-{order}",
        "out_trade_no": order,
        "business_type": "交易",
        "created_at": "2026-01-06 08:00:00",
        "finished_at": at,
        "order_amount": amount,
        "received_amount": amount,
        "service_fee": "0.00",
        "refund_batch_no": batch,
        "account": "20880000000000000156",
        "order_key": key("order", order),
        "capture_key": key("capture", "alipay", f"a-{order}"),
        "refund_key": key("refund", "alipay", f"a-{order}", batch or order) if refund else None,
    } | more


def attempt(
    name: str, order: str, user: str | None, at: str, outcome: str, amount: str, **more: str
) -> dict:
    return {
        "attempt_id": name,
        "attempt_key": key("attempt", name),
        "merchant_order_id": order,
        "order_key": key("order", order),
        "provider": "wechat_pay",
        "wallet": "wechat_pay",
        "attempted_at": at,
        "outcome": outcome,
        "amount": amount,
        "currency": "CNY",
        "user_key": key("subject", user) if user else None,
        "channel": "app",
        "os": "ios",
        "app_version": "8.0.41.2",
        "region": "Shanghai",
        "language": "zh",
        "latency_ms": "420",
        "is_new_device": "false",
        "is_test": "false",
    } | more


_ALL_DAY = [
    wechat_payment("o1", "2026-01-05 10:00:05", "100.00", fee="0.60000"),
    # Half past midnight in China is still the day before in UTC.
    wechat_payment("o2", "2026-01-05 00:30:00", "50.00", bank_type="OTHERS", fee="0.30000"),
    wechat_payment("o3", "2026-01-05 11:00:00", "20.00", bank_type="COMM_CREDIT"),
    wechat_refund("o1", "r1", "2026-01-05 20:00:00", "30.00", fee="-0.18000"),
    wechat_refund("o0", "r0", "2026-01-05 21:00:00", "9.99", refund_status="PROCESSING"),
    wechat_refund("o9", "r9", "2026-01-05 21:30:00", "5.00", trade_state="REVOKED"),
    wechat_payment("o98", "2026-01-05 22:00:00", "1.00", trade_state="MYSTERY"),
    wechat_payment("o99", "some day", "1.00"),
]
_ALIPAY_DAY = [
    alipay_row("o4", "2026-01-06 09:02:30", "200.00", service_fee="-1.20", alipay_discount="5.00"),
    alipay_row("o5", "2026-01-06 10:05:00", "60.00"),
    alipay_row("o4", "2026-01-06 12:00:00", "-50.00", "b1", business_type="退款"),
    alipay_row("o4", "2026-01-06 12:30:00", "-50.00", "b2", business_type="退款"),
    alipay_row("o5", "2026-01-06 12:00:10", "-10.00", business_type="退款"),
    alipay_row("o5", "2026-01-06 13:00:10", "-20.00", business_type="退款"),
    alipay_row("o97", "2026-01-06 13:00:10", "7.00", business_type="转账"),
]
# File name -> (source, day of the bill, resaved by a spreadsheet, rows)
LAKE_ROWS: dict[str, tuple[str, dt.date, bool, list[dict]]] = {
    "all-0105.csv": ("wechat_trade_bill", dt.date(2026, 1, 5), False, _ALL_DAY),
    "success-0105.csv": (
        "wechat_trade_bill",
        dt.date(2026, 1, 5),
        False,
        [row | {"bill_type": "SUCCESS", "refund_id": None} for row in _ALL_DAY[:3]],
    ),
    "refund-0105.csv": (
        "wechat_trade_bill",
        dt.date(2026, 1, 5),
        False,
        [
            _ALL_DAY[3]
            | {
                "bill_type": "REFUND",
                "refund_requested_at": "2026-01-05 19:59:00",
                "refund_succeeded_at": "2026-01-05 20:05:00",
            }
        ],
    ),
    "all-0105-excel.csv": (
        "wechat_trade_bill",
        dt.date(2026, 1, 5),
        True,
        [
            wechat_payment("o1", "2026/1/5 10:00", "100", fee="0.6"),
            wechat_payment("o10", "2026/1/6 9:15", "1,234.50", fee="7.41"),
        ],
    ),
    "all-0107.csv": (
        "wechat_trade_bill",
        dt.date(2026, 1, 7),
        False,
        [wechat_refund("o1", "r2", "2026-01-07 09:00:00", "70.00", fee="-0.42000")],
    ),
    "alipay-0106.zip::detail.csv": (
        "alipay_trade_bill",
        dt.date(2026, 1, 6),
        False,
        _ALIPAY_DAY,
    ),
    "alipay-0106-again.zip::detail.csv": (
        "alipay_trade_bill",
        dt.date(2026, 1, 6),
        False,
        _ALIPAY_DAY[:6],
    ),
    "attempts-1.csv": (
        "payment_attempts",
        dt.date(2026, 1, 6),
        False,
        [
            attempt("a1", "o1", "u1", "2026-01-05T10:00:00+08:00", "succeeded", "100.00"),
            attempt(
                "a2", "o2", "u5", "2026-01-04T16:29:50Z", "failed", "50.00", error_code="BANKERROR"
            ),
            attempt(
                "a4a", "o4", "u2", "2026-01-06T09:00:00+08:00", "failed", "200.00",
                error_code="NOT_ENOUGH",
            ),
            attempt(
                "a4b", "o4", "u2", "2026-01-06T09:02:00+08:00", "succeeded", "200.00",
                provider="alipay", wallet="alipay", finished_at="2026-01-06T09:02:30+08:00",
            ),
            attempt(
                "a5a", "o5", "u2", "2026-01-06T10:00:00+08:00", "failed", "60.00",
                provider="alipay", wallet=None, error_code="40004",
                error_sub_code="ACQ.BUYER_BALANCE_NOT_ENOUGH",
            ),
            attempt(
                "a5b", "o5", "u2", "2026-01-06T10:04:30+08:00", "succeeded", "60.00",
                provider="alipay", wallet="alipay",
            ),
            attempt(
                "a6", "o6", "u3", "2026-01-05T12:00:00+08:00", "failed", "100.00",
                provider="alipay", wallet="alipay", error_code="aop.acq.system_error",
            ),
            attempt("a7", "o7", "u3", "2026-01-06T12:00:00+08:00", "unknown", "80.00"),
            attempt(
                "a8", "o8", "u1", "2026-01-07T15:00:00+08:00", "failed", "40.00",
                error_code="weird_code",
            ),
            attempt(
                "a11", "o11", "u9", "2026-01-06T12:00:00+08:00", "succeeded", "0.01",
                is_test="true",
            ),
            attempt("a12", "o12", "u1", "2026-01-05T13:00:00+08:00", "unknown", "15.00"),
            attempt(
                "a13", "o13", "u4", "2026-01-05T13:00:00+01:00", "succeeded", "10.00",
                provider="stripe", wallet="apple_pay", currency="USD",
            ),
        ],
    ),
    "attempts-2.csv": (
        "payment_attempts",
        dt.date(2026, 1, 7),
        False,
        [
            attempt("a1", "o1", "u1", "2026-01-05T10:00:00+08:00", "succeeded", "100.00"),
            attempt(
                "a12", "o12", "u1", "2026-01-05T13:00:00+08:00", "failed", "15.00",
                error_code="NOTENOUGH", finished_at="2026-01-05T13:00:20+08:00",
            ),
        ],
    ),
}  # fmt: skip
REJECTED_ROWS = {"attempts-1.csv": 1}


def write_lake(
    lake: Path,
    story: dict | None = None,
    reverse: bool = False,
    ingested_late: tuple[str, ...] = (),
) -> None:
    """Write a story as ingest would.

    `reverse` gives the files the opposite order of names; the files `ingested_late` came in another
    run of ingest, a day after the others.
    """
    story = LAKE_ROWS if story is None else story
    documents = []
    for index, (name, (source, day, resaved, rows)) in enumerate(story.items()):
        place = len(story) - index if reverse else index
        ingested = dt.datetime(2026, 1, 9 if name in ingested_late else 8)  # noqa: DTZ001 - UTC
        _write_document(lake, name, source, day, resaved, rows, place, ingested)
        documents.append(_document(name, source, day, resaved, len(rows)))
    documents.append(
        _document("broken.csv", None, None, False, 0) | {"status": "quarantined", "reason": "empty"}
    )
    for source, schema in SCHEMAS.items():
        _write(lake / source / "empty.parquet", [], schema)
    _write(lake / "_files/files.parquet", documents, _FILES_SCHEMA)
    _write(
        lake / "_control_totals/totals.parquet", _control_totals() if story else [], _TOTALS_SCHEMA
    )
    _write(lake / "_rejects/rejects.parquet", _rejects() if story else [], REJECTS_SCHEMA)


def _write_document(
    lake: Path,
    name: str,
    source: str,
    day: dt.date,
    resaved: bool,
    rows: list[dict],
    place: int,
    ingested: dt.datetime,
) -> None:
    lineage = [
        {
            "_source_file": name,
            "_file_sha256": sha(name),
            "_row_number": number,
            "_content_hash": sha(repr(sorted((k, v) for k, v in row.items() if v)))[:32],
            "_export_date": day,
            "_ingested_at": ingested,
            "_resaved": resaved,
        }
        for number, row in enumerate(rows, start=2)
    ]
    merged = [row | line for row, line in zip(rows, lineage, strict=True)]
    _write(lake / source / f"{place:02}-0.parquet", merged, SCHEMAS[source])


def _write(path: Path, rows: list[dict], schema: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=schema).write_parquet(path, compression="zstd")


_FILES_SCHEMA = {
    "file_sha256": pl.String,
    "member": pl.String,
    "source_file": pl.String,
    "source": pl.String,
    "variant": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "message": pl.String,
    "account": pl.String,
    "period_start": pl.Date,
    "period_end": pl.Date,
    "export_date": pl.Date,
    "encoding": pl.String,
    "is_resaved": pl.Boolean,
    "rows_in_file": pl.Int64,
    "rows_loaded": pl.Int64,
    "rows_rejected": pl.Int64,
    "rows_irrelevant": pl.Int64,
    "totals_checked": pl.Int32,
    "totals_matched": pl.Int32,
    "size_bytes": pl.Int64,
    "ingested_at": pl.Datetime("us"),
}
_TOTALS_SCHEMA = {
    "file_sha256": pl.String,
    "member": pl.String,
    "source": pl.String,
    "total_name": pl.String,
    "currency": pl.String,
    "expected": pl.Decimal(18, 4),
    "actual": pl.Decimal(18, 4),
    "matched": pl.Boolean,
}


def _document(name: str, source: str | None, day: dt.date | None, resaved: bool, rows: int) -> dict:
    rejected = REJECTED_ROWS.get(name, 0)
    return {
        "file_sha256": sha(name),
        "member": name.partition("::")[2] or None,
        "source_file": name,
        "source": source,
        "status": "ingested",
        "export_date": day,
        "is_resaved": resaved,
        "rows_in_file": rows + rejected,
        "rows_loaded": rows,
        "rows_rejected": rejected,
        "rows_irrelevant": 0,
        "totals_checked": 0,
        "totals_matched": 0,
    }


def _control_totals() -> list[dict]:
    stated = [
        ("all-0107.csv", "wechat_trade_bill", "refund_amount", "70.0000"),
        ("all-0107.csv", "wechat_trade_bill", "fee", "-0.4200"),
        ("refund-0105.csv", "wechat_trade_bill", "requested_refund_amount", "30.0000"),
        ("success-0105.csv", "wechat_trade_bill", "order_amount", "170.0000"),
        ("alipay-0106-again.zip::detail.csv", "alipay_trade_bill", "payment_count", "2.0000"),
        (
            "alipay-0106-again.zip::detail.csv",
            "alipay_trade_bill",
            "payment_received_amount",
            "260.0000",
        ),
        (
            "alipay-0106-again.zip::detail.csv",
            "alipay_trade_bill",
            "refund_received_amount",
            "-130.0000",
        ),
    ]
    return [
        {
            "file_sha256": sha(name),
            "member": name.partition("::")[2] or None,
            "source": source,
            "total_name": total,
            "currency": "CNY",
            "expected": Decimal(amount),
            "actual": Decimal(amount),
            "matched": True,
        }
        for name, source, total, amount in stated
    ]


def _rejects() -> list[dict]:
    return [
        {
            "source": LAKE_ROWS[name][0],
            "_source_file": name,
            "_file_sha256": sha(name),
            "_row_number": 90 + number,
            "reason": "field_count",
            "message": "expected 13 fields",
            "row_hash": sha(f"{name}{number}"),
        }
        for name, count in REJECTED_ROWS.items()
        for number in range(count)
    ]


def make_workspace(root: Path, **settings: object) -> Workspace:
    """A merchant's workspace under a temporary folder."""
    chosen = Settings(data_dir=root, workspace="merchant", threads=2, **settings)
    return Workspace("merchant", chosen.landing, root, chosen)


def write_analysis(workspace: Workspace) -> None:
    """Stand-ins for what the Python rooms write between marts and published models."""
    with connect.connect(workspace) as connection:
        connection.execute("create schema if not exists analysis")
        drop_tables.create_tables(connection)
        tables.write_advice(connection, "CNY")
        for statement in _ANALYSIS:
            connection.execute(statement)
        tables.write_refunds(connection, "CNY")
        write_risk(connection, RiskRules(), ModelStore(workspace.models))
        reads = {table: [f"marts.{mart}" for mart in READ] for table in ANALYSIS_TABLES}
        analysed.remember(connection, workspace, reads, "segments")


_ANALYSIS = [
    """
    create or replace table analysis.user_segments as
    select user_key, date '2026-01-08' as as_of_date, 1 as recency_days, paid_orders, net_amount,
        5 as recency_score, 1 as frequency_score,
        case when paid_orders > 0 then 'new_customers' else 'attempted_never_paid' end
            as lifecycle_segment,
        case when paid_orders > 0 then 0 end as cluster_id,
        case when paid_orders > 0 then 'small tickets' end as cluster_name,
        case when paid_orders > 0 then 0.9 end as cluster_margin,
        case when paid_orders > 0 then 'low' else 'none' end as value_tier,
        case when paid_orders > 0 then 'undisturbed' else 'never_paid' end as payment_state,
        'standard' as thresholds_version
    from marts.dim_users
    """,
    """
    create or replace table analysis.user_scores as
    select user_key, 0.1 as p_buys_7_days, 0.2 as p_buys_30_days, 0.3 as p_buys_60_days,
        0.4 as p_buys_90_days, 1.5 as expected_orders_90_days, 30.0 as expected_spend_90_days,
        0.01 as discount_rate, 0.0 as discount_rate_low, false as is_discount_prone,
        0.02 as refund_rate, 0.01 as refund_rate_low, false as is_refund_prone,
        0.05 as failure_rate, 0.02 as failure_rate_low, false as is_failure_prone
    from marts.dim_users
    """,
    """
    create or replace table analysis.user_features as
    select user_key, 1.0 as recency_days, 1.0 as paid_orders, 5.0 as net_amount,
        1.0 as tenure_days, 5.0 as median_ticket, 0.1 as gap_ratio, 0.0 as refund_rate_smoothed,
        0.0 as failure_rate_smoothed, 0.0 as discount_rate_smoothed, 1.0 as active_month_share,
        0.3 as weekend_share_smoothed, 0.0 as wallet_entropy
    from marts.dim_users
    where paid_orders > 0
    """,
    """
    create or replace table analysis.lifecycle_rules as
    select 'new_customers' as lifecycle_segment, 0 as recency_days_from, 14 as recency_days_to,
        1 as orders_from, 1 as orders_to, 'standard' as thresholds_version, false as is_frozen
    """,
    """
    create or replace table analysis.value_tiers as
    select 'low' as value_tier, null as net_amount_from, 100 as net_amount_below
    """,
    """
    create or replace table analysis.cluster_rules as
    select 1 as rule_number, 0 as cluster_id, 'small tickets' as cluster_name,
        'net_amount <= 10' as rule_sql, 5 as users, 1.0 as agreeing_share, 1.0 as fidelity
    """,
    """
    create or replace table analysis.segment_movement as
    select date '2026-01-31' as month_end, 'not_seen_yet' as from_segment,
        'new_customers' as to_segment, 5 as users
    """,
    """
    create or replace table analysis.cohort_retention as
    select date '2026-01-01' as cohort_month, 0 as months_since, 5 as cohort_users, 5 as users
    """,
    """
    create or replace table analysis.score_quality as
    select 'active_auc' as metric, 0.7 as value, 0.6 as baseline, 'past_orders' as baseline_name,
        'better' as verdict, 5 as users, date '2026-01-01' as cutoff_date, 30 as holdout_days
    """,
    """
    create or replace table analysis.segment_proof as
    select 'new_customers' as lifecycle_segment, 5 as users, 0.5 as predicted_active_share,
        0.4 as actual_active_share, 1.0 as predicted_orders_per_user,
        1.0 as actual_orders_per_user, 5.0 as actual_spend_per_user,
        date '2026-01-01' as cutoff_date, 30 as holdout_days
    """,
    """
    create or replace table analysis.score_calibration as
    select 5 as band, 5 as users, 0.5 as predicted_active_share, 0.4 as actual_active_share,
        date '2026-01-01' as cutoff_date, 30 as holdout_days
    """,
    """
    create or replace table analysis.segment_history as
    select user_key, date '2026-01-31' as month_end, 'new_customers' as lifecycle_segment,
        'low' as value_tier
    from marts.dim_users
    """,
    """
    create or replace table analysis.failure_breakdown as
    select *, amount_at_risk - amount_recovered - amount_lost as amount_open,
        users as users_at_risk, users as users_recovered, users as users_lost, users as users_open
    from (values
        ('all', 'all', 'all', 9, 5, 20, 0.5, 0.2, 0.8, 1.0, 415, 415, 260, 115, 'CNY', true),
        ('wallet', 'alipay', 'all', 4, 2, 3, 0.5, 0.2, 0.8, 0.4, 160, 160, 60, 100, 'CNY', true),
        ('wallet', 'wechat_pay', 'all', 3, 2, 9, 0.6, 0.2, 0.8, 0.4, 155, 155, 99, 15, 'CNY', true),
        ('wallet', 'apple_pay', 'all', 2, 1, 8, 0.5, 0.2, 0.8, 0.2, 100, 100, 0, 0, 'CNY', true)
    ) as t(dimension, dimension_value, failure_category, attempts, failed, users, failure_rate,
        failure_rate_low, failure_rate_high, share_of_failures, amount_failed, amount_at_risk,
        amount_recovered, amount_lost, currency, is_small_sample)
    """,
    """
    create or replace table analysis.failure_drivers as
    select 'wallet' as feature, 0.1 as importance_mean, 0.01 as importance_sd, 1 as rank
    """,
    """
    create or replace table analysis.failure_driver_effects as
    select 'odds_ratio' as kind, 'wallet' as feature, 'alipay' as value, 'wechat_pay' as reference,
        0.8 as estimate, 0.7 as low, 0.9 as high, 1000 as attempts
    """,
    """
    create or replace table analysis.failure_driver_model as
    select 'm1' as model_id, 'log_loss' as metric, 0.4 as value, 0.5 as baseline_constant,
        0.45 as baseline_lookup, true as is_usable, 'ok' as message,
        date '2026-01-01' as trained_from, date '2026-01-05' as trained_to,
        date '2026-01-06' as tested_from, date '2026-01-07' as tested_to
    """,
    """
    create or replace table analysis.segment_models as
    select 'grid-1' as model_id, 'lifecycle_grid' as kind, date '2026-01-08' as as_of_date,
        5 as trained_users, '{}' as definition_json, '{}' as quality_json
    """,
]
PUBLISHED = "path:models/published"

# What the stand-ins read.
READ = ("dim_users", "fct_dispositions", "fct_disputes", "fct_payments", "fct_security_events")

ANALYSIS_TABLES = (
    *TABLES,
    "failure_breakdown",
    "failure_drivers",
    "failure_driver_effects",
    "failure_driver_model",
    "failure_advice",
    "refund_breakdown",
    *drop_tables.TABLES,
    *RISK_TABLES,
)


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["analysis", name],
            deps=[["marts", table] for table in READ],
        )
        for name in ANALYSIS_TABLES
    ]
)
def stand_in_analysis(workspace: dg.ResourceParam[Workspace]):
    """What the Python rooms do, between the two steps of dbt."""
    write_analysis(workspace)
    for name in ANALYSIS_TABLES:
        yield dg.MaterializeResult(asset_key=["analysis", name])


def definitions_for(workspace: Workspace) -> dg.Definitions:
    from pipelines.warehouse.assets import dbt_models

    return dg.Definitions(
        assets=[dbt_models, stand_in_analysis],
        resources={"workspace": workspace},
        executor=dg.in_process_executor,
    )
