"""Google Analytics 4: the BigQuery export of events, as JSON lines or Parquet.

What belongs here: recognising rows of the tables `events_YYYYMMDD` and `events_intraday_…`, looking
up the parameters a checkout needs, what each personal field becomes. What does not: which events
are steps of a checkout, which of two exports counts (dbt).

Schema: https://support.google.com/analytics/answer/7029846. BigQuery writes INT64 as text in JSON;
parameters are a list of key and value, where the value is in one of four members. `event_timestamp`
is microseconds UTC, `event_date` the day in the property's own time zone.
"""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl

from pipelines.formats.contract import boolean
from pipelines.formats.epochs import epoch_checks, epoch_moment, iso_text
from pipelines.formats.event_names import DECLARED_STEP, declared_step
from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
)
from pipelines.formats.json_lists import object_of, value_of
from pipelines.formats.shapes import CODE, CURRENCY, LANGUAGE
from pipelines.formats.wallets import event_code, wallet_code

_TELLING = {"event_timestamp", "event_name", "event_params"}
_PARAMETERS = ("ga_session_id", "payment_type", "transaction_id", "value", "currency")
# GA4 has no name for one-tap buttons; these are what shops send.
_ONE_TAP = ("one_tap", "is_one_tap", "express_checkout")
_PARAMS = "json_extract(_json, '$.event_params')"
_RECORD = object_of(
    {
        "event": "_json",
        "params": object_of(
            {name: value_of(_PARAMS, name) for name in _PARAMETERS}
            | {"one_tap": f"coalesce({', '.join(value_of(_PARAMS, name) for name in _ONE_TAP)})"}
        ),
    }
)
# One record where the line is an object, none where it is not. With a CASE, DuckDB parses the
# parameters again for each key (measured: twice the work).
_RECORDS = f"[{_RECORD}][1:cast(json_type(_json) = 'OBJECT' as integer)]"


def _column(name: str, path: str, **more: object) -> Column:
    return Column(name, (name,), path=f"$.{path}", **more)


_COLUMNS = (
    _column("event_date", "event.event_date"),
    _column("event_timestamp", "event.event_timestamp"),
    _column("event_name", "event.event_name", shape=CODE),
    DECLARED_STEP,
    _column("stream_id", "event.stream_id", shape=CODE),
    _column("bundle_sequence_id", "event.event_bundle_sequence_id", shape=CODE),
    _column("batch_page_id", "event.batch_page_id", shape=CODE),
    _column("batch_ordering_id", "event.batch_ordering_id", shape=CODE),
    _column("batch_event_index", "event.batch_event_index", shape=CODE),
    _column("platform", "event.platform", shape=CODE),
    _column("device_category", "event.device.category", shape=CODE),
    _column("os", "event.device.operating_system", shape=CODE),
    _column("language", "event.device.language", shape=LANGUAGE),
    _column("payment_type", "params.payment_type", shape=CODE),
    _column("value", "params.value"),
    _column("purchase_revenue", "event.ecommerce.purchase_revenue"),
    _column("refund_value", "event.ecommerce.refund_value"),
    _column("currency", "params.currency", shape=CURRENCY),
    _column("one_tap", "params.one_tap"),
    _column("transaction_id", "params.transaction_id", keep=False),
    _column("ecommerce_transaction_id", "event.ecommerce.transaction_id", keep=False),
    _column("ga_session_id", "params.ga_session_id", keep=False),
    _column("user_id", "event.user_id", keep=False),  # the merchant's own customer id
    _column("user_pseudo_id", "event.user_pseudo_id", keep=False),  # the browser or the app
    # Declared so that it is known to be personal; addresses of pages may hold names and mails.
    _column("user_properties", "event.user_properties", keep=False),
    _column("advertising_id", "event.device.advertising_id", keep=False),
    _column("vendor_id", "event.device.vendor_id", keep=False),
    _column("geo", "event.geo", keep=False),
    _column("event_params", "event.event_params", keep=False),
)
_IDENTITY = (
    *("user_pseudo_id", "event_name", "event_timestamp", "bundle_sequence_id", "batch_page_id"),
    *("batch_ordering_id", "batch_event_index", "transaction_id", "payment_type", "value"),
    "ga_session_id",
)


def recognise(head: Head) -> Layout | None:
    """The layout of a GA4 export; None when its three telling columns are not there.

    Raises BadFileError for flattened exports: parameters that were cut to columns have lost their
    types, and every tool names them in its own way.
    """
    if head.encoding == "parquet":
        if not set(head.columns) >= _TELLING:
            return None
        if "event_params" not in head.nested:
            raise _flattened()
        return _layout("parquet", "records", 0)
    at = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    line = head.lines[at - 1].lstrip("\ufeff") if at else ""
    if not line.startswith("{"):
        if _TELLING - {"event_params"} <= {cell.strip(' "') for cell in line.split(",")}:
            raise _flattened()
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        # An event may be longer than the part of the file that is looked at.
        record = {name for name in _TELLING if f'"{name}"' in line}
    return _layout("jsonl", "json", at - 1) if set(record) >= _TELLING else None


def _flattened() -> BadFileError:
    return BadFileError(
        "unrecognised",
        "this is a flattened GA4 export; export the events table itself as JSON lines or Parquet "
        "(bq extract --destination_format NEWLINE_DELIMITED_JSON)",
        1,
    )


def _layout(variant: str, dialect: str, header_line: int) -> Layout:
    return Layout(
        format=FORMAT,
        variant=variant,
        dialect=dialect,
        columns=tuple(column.name for column in _COLUMNS if column is not DECLARED_STEP),
        header_line=header_line,
        records=_RECORDS,
        date_column="event_date",
    )


def settle(layout: Layout, survey: Survey) -> Layout:
    """The layout with the steps of events that the merchant named."""
    step = declared_step(FORMAT.source, "event_name", survey.options)
    return replace(layout, normalise={"declared_step": step})


def _day(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^([0-9]{4})([0-9]{2})([0-9]{2})$", "${1}-${2}-${3}")


def _present(name: str) -> pl.Expr:
    """GA4 writes `(not set)` where there is no value."""
    return pl.when(pl.col(name) != "(not set)").then(pl.col(name))


def _plain(name: str) -> pl.Expr:
    """A double as a decimal: 35.989999999999995 is 35.99."""
    number = pl.col(name).cast(pl.Float64, strict=False).round(4)
    return pl.when(number.abs() < 1e10).then(number.cast(pl.Decimal(18, 4))).cast(pl.String)


FORMAT = Format(
    source="ga4_events",
    description="Google Analytics 4 events from the BigQuery export: one row per event.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    is_utf8_only=True,
    keys=(
        Pseudonym(
            "event_key",
            "ga4_event",
            pl.concat_str(pl.col(_IDENTITY).fill_null(""), separator=UNIT_SEPARATOR),
        ),
        Pseudonym("visitor_key", "ga4_visitor", pl.col("user_pseudo_id")),
        Pseudonym(
            "session_key",
            "ga4_session",
            pl.concat_str("user_pseudo_id", "ga_session_id", separator=UNIT_SEPARATOR),
        ),
        Pseudonym("user_key", "subject", pl.col("user_id")),
        Pseudonym("order_key", "order", pl.col("transaction_id")),
    ),
    normalise={
        "event_date": _day(pl.col("event_date")),
        "event_timestamp": iso_text(epoch_moment(pl.col("event_timestamp"))),
        "event_name": event_code(pl.col("event_name")),
        "os": event_code(pl.col("os")),
        "payment_type": wallet_code(_present("payment_type")),
        "one_tap": boolean("one_tap"),
        "transaction_id": pl.coalesce(
            _present("transaction_id"), _present("ecommerce_transaction_id")
        ),
        **{name: _plain(name) for name in ("value", "purchase_revenue", "refund_value")},
    },
    checks=(
        RowCheck("missing_value", pl.col("event_name").is_null(), "event_name must be filled"),
        *epoch_checks("event_timestamp", "event_timestamp"),
        RowCheck(
            "bad_time",
            pl.col("event_date")
            .str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
            .fill_null(False)
            .not_(),
            "event_date must be a day such as 20260131",
        ),
        RowCheck(
            "bad_value",
            pl.col("one_tap").is_in(["true", "false"]).not_(),
            "the parameter one_tap must be true or false, or 1 or 0",
        ),
    ),
)
