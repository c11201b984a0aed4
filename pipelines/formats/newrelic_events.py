"""New Relic: Transaction and TransactionError events in each way they can be taken out.

What belongs here: recognising NerdGraph's and Insights' answers and exported events, the attributes
that are read, what each personal one becomes. What does not: putting an error to its transaction
(dbt).

- NerdGraph: `data.actor.account.nrql.results`, one JSON document; events, not aggregates
- Insights (legacy): `results[].events[]`, one JSON document
- historical export and streaming export: one event per line, or one JSON array

`timestamp` is milliseconds (events sent to the Event API may have seconds), `duration` seconds.
Attributes: https://docs.newrelic.com/attribute-dictionary. `error` is absent where all went well.
"""

from __future__ import annotations

import json
import re

import polars as pl

from pipelines.formats.epochs import epoch_checks, epoch_moment, iso_text
from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
)
from pipelines.formats.monitoring import OPERATION, http_status, operation_name
from pipelines.formats.shapes import CODE
from pipelines.formats.wallets import event_code, wallet_code


def _attribute(name: str, *attributes: str, **more: object) -> tuple[Column, ...]:
    """The column by its first attribute, the other spellings beside it and never kept."""
    first, *others = attributes or (name,)
    extra = [
        Column(f"{name}_{at}", (other,), keep=False, path=f'$."{other}"')
        for at, other in enumerate(others)
    ]
    return (Column(name, (first,), path=f'$."{first}"', **more), *extra)


_SPELLINGS = {
    "event_type": ("eventType", "type"),
    "operation": ("name", "transactionName"),
    "status_code": ("httpResponseCode", "http.statusCode", "http.response.status_code"),
    "payment_method": ("payment_method", "paymentMethod", "payment.method", "wallet"),
    "environment": ("environment", "tags.environment"),
    "order_id": ("order_id", "orderId", "merchant_order_id"),
    "trace_id": ("traceId", "trace.id"),
    "transaction_guid": ("guid", "nr.transactionGuid"),
}
_PERSONAL = (
    "error.message",
    "message",
    "request.uri",
    "host",
    "enduser.id",
    "userId",
    "user.email",
)


def _best(name: str) -> pl.Expr:
    return pl.coalesce(name, *(f"{name}_{at}" for at in range(len(_SPELLINGS[name]) - 1)))


_COLUMNS = (
    Column("timestamp", ("timestamp",), path="$.timestamp"),
    *_attribute("event_type", *_SPELLINGS["event_type"], shape=CODE),
    *_attribute("app_name", "appName", shape=CODE),
    *_attribute("operation", *_SPELLINGS["operation"], shape=OPERATION),
    *_attribute("duration"),
    *_attribute("error"),
    *_attribute("error_class", "error.class", shape=CODE),
    *_attribute("error_expected", "error.expected"),
    *_attribute("status_code", *_SPELLINGS["status_code"]),
    *_attribute("payment_method", *_SPELLINGS["payment_method"], shape=CODE),
    *_attribute("environment", *_SPELLINGS["environment"], shape=CODE),
    *_attribute("order_id", *_SPELLINGS["order_id"], keep=False),
    *_attribute("trace_id", *_SPELLINGS["trace_id"], keep=False),
    *_attribute("transaction_guid", *_SPELLINGS["transaction_guid"], keep=False),
    *(
        Column(f"personal_{at}", (name,), keep=False, path=f'$."{name}"')
        for at, name in enumerate(_PERSONAL)
    ),
)
# Beside a timestamp, these make a JSON object an event of New Relic.
_TELLING = {"appName", "error.class", "transactionName", "totalTime", "apdexPerfZone"}
_TYPES = {"Transaction", "TransactionError"}
_NERDGRAPH = """list_concat(
    json_extract(_json, '$.data.actor.account.*.results[*]'),
    json_extract(_json, '$.data.actor.*.results[*]')
)"""
_INSIGHTS = "json_extract(_json, '$.results[*].events[*]')"
_ARRAY = "json_extract(_json, '$[*]')"


def recognise(head: Head) -> Layout | None:
    """The layout of an export; None for other JSON. BadFileError for an answer that is an error."""
    text = "\n".join(head.lines).lstrip("\ufeff \t\r\n")
    if head.encoding == "parquet" or not text.startswith(("{", "[")):
        return None
    first = next(at for at, line in enumerate(head.lines) if line.strip("\ufeff \t"))
    if _is_event(head.lines[first]):
        return _layout("events", "json", None, first)
    if re.match(r'\{\s*"(data|errors)"', text) and '"actor"' in text:
        if '"results"' not in text:
            raise BadFileError(
                "unrecognised",
                "NerdGraph answered without results; look at its errors, ask again and save the "
                "whole answer",
                1,
            )
        return _layout("nerdgraph", "document", _NERDGRAPH, 0)
    if text.startswith("{") and '"results"' in text and re.search(r'"events"\s*:\s*\[', text):
        return _layout("insights", "document", _INSIGHTS, 0)
    is_array = re.match(r"\[\s*\{", text) and '"timestamp"' in text
    if is_array and any(f'"{name}"' in text for name in _TELLING):
        return _layout("array", "document", _ARRAY, 0)
    return None


def _is_event(line: str) -> bool:
    try:
        record = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return False
    if not isinstance(record, dict) or "timestamp" not in record:
        return False
    kind = record.get("eventType") or record.get("type")
    return (isinstance(kind, str) and kind in _TYPES) or bool(_TELLING & record.keys())


def _layout(variant: str, dialect: str, records: str | None, header_line: int) -> Layout:
    return Layout(
        format=FORMAT,
        variant=variant,
        dialect=dialect,
        columns=tuple(column.name for column in _COLUMNS),
        header_line=header_line,
        records=records,
        date_column="timestamp",
    )


# NRQL's `SELECT *` leaves the type out; only an error has both of these.
_inferred = (
    pl.when(pl.col("error_class").is_not_null() & pl.col("operation_0").is_not_null())
    .then(pl.lit("TransactionError"))
    .otherwise(pl.lit("Transaction"))
)
_NUMBER = r"^[0-9]{1,7}(\.[0-9]+)?([eE]-[0-9]{1,2})?$"

FORMAT = Format(
    source="newrelic_events",
    description="New Relic's Transaction and TransactionError events: one row per event.",
    columns=_COLUMNS,
    recognise=recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("request_key", "newrelic_transaction", pl.col("transaction_guid")),
        # An error without the id of its transaction names its trace and its transaction.
        Pseudonym(
            "trace_operation_key",
            "newrelic_trace_operation",
            pl.concat_str("trace_id", "operation", separator=UNIT_SEPARATOR),
        ),
        Pseudonym("trace_key", "trace", pl.col("trace_id")),
        Pseudonym("order_key", "order", pl.col("order_id")),
    ),
    normalise={
        "timestamp": iso_text(epoch_moment(pl.col("timestamp"))),
        "event_type": pl.coalesce(_best("event_type"), _inferred),
        "app_name": event_code(pl.col("app_name")),
        "operation": operation_name(_best("operation")),
        "error": pl.col("error").str.to_lowercase(),
        "error_expected": pl.col("error_expected").str.to_lowercase(),
        "status_code": http_status("status_code", "status_code_0", "status_code_1"),
        "payment_method": wallet_code(_best("payment_method")),
        "environment": event_code(_best("environment")),
        "order_id": _best("order_id"),
        "trace_id": _best("trace_id"),
        "transaction_guid": _best("transaction_guid"),
    },
    checks=(
        RowCheck(
            "missing_value",
            pl.col("timestamp").is_null() & pl.col("duration").is_null(),
            "a row without timestamp: aggregates (average, percentile, FACET, TIMESERIES) cannot "
            "be read; export the events with SELECT *",
        ),
        *epoch_checks("timestamp", "timestamp"),
        RowCheck(
            "bad_value",
            pl.col("duration").str.contains(_NUMBER).not_(),
            "duration must be a number of seconds",
        ),
        *(
            RowCheck(
                "bad_value",
                pl.col(name).is_in(["true", "false"]).not_(),
                f"{label} must be true or false",
            )
            for name, label in (("error", "error"), ("error_expected", "error.expected"))
        ),
    ),
)
