"""PayPal's activity download and monthly statement (CSV): what a small merchant has.

What belongs here: recognising both in four languages, settling date order, decimal mark and time
zones by whole columns, personal columns. What does not: PayPal's words (`paypal_words`), what an
event code means (dbt).

The activity has a status per line, the statement only what is done. Amounts are signed and in major
units; gross and fee add up to net on every line. `Balance` is the balance of the line's currency.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.formats.format import (
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
    amount,
    any_missing,
    bad_amount_check,
    clean_header,
    declared_spelling,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.localised import date_order, decimal_mark, iso_date, plain_number
from pipelines.formats.paypal_sections import paypal_key
from pipelines.formats.paypal_words import DROPPED, EVENT_OF, HEADERS, STATUS_OF
from pipelines.formats.shapes import CURRENCY, REGION, Shape
from pipelines.formats.times import INGEST_DAY, calendar_date, is_plausible
from pipelines.formats.zones import with_offset, zones_of

_AMOUNTS = ("gross", "fee", "net", "balance")
_EVENT = Shape("T[0-9]{4}|memo", "PayPal's types of transactions known here")


def _column(name: str) -> Column:
    kept = {"transaction_id", "currency", "status", "event_code", "country", "date", *_AMOUNTS}
    kind = "amount" if name in _AMOUNTS else "id" if name == "transaction_id" else "text"
    shape = {"currency": CURRENCY, "event_code": _EVENT, "country": REGION}.get(name)
    return Column(name, HEADERS.get(name, ()), keep=name in kept, kind=kind, shape=shape)


_COLUMNS = (
    *(_column(name) for name in HEADERS),
    # Made from the three above.
    Column("occurred_at", ()),
    Column("direction", (), keep=False),
    *(Column(header, (header,), keep=False) for header in DROPPED),
)
_BY_NAME = {column.name: column for column in _COLUMNS}
# In the order of the texts in HEADERS["date"].
_LANGUAGES = ("en", "es", "de", "zh")
_NEEDED = ("date", "time", "currency", "gross", "fee", "net", "transaction_id")


def recognise(head: Head) -> Layout | None:
    """The layout of an activity download or statement; None for any other content."""
    at = next((at for at, line in enumerate(head.lines, 1) if line.strip(" ,;\t\ufeff")), 0)
    if not at or head.encoding == "parquet":
        return None
    line = head.lines[at - 1]
    separator = max((",", ";", "\t"), key=line.count)
    cells = [clean_header(cell) for cell in line.split(separator)]
    cells = declared_spelling(cells, _COLUMNS)
    # First whether it is PayPal's at all: a stranger's columns may mean one of these twice.
    known = {column.name for column in _COLUMNS if not set(cells).isdisjoint(column.headers)}
    if len(known & set(_NEEDED)) < 6 or not known & {"type", "description"}:
        return None
    names, unknown = match_columns(cells, _COLUMNS, at)
    what = "PayPal's activity download"
    require_columns(names, [_BY_NAME[name] for name in _NEEDED], what, at)
    report = "activity" if "status" in known else "statement"
    language = _LANGUAGES[HEADERS["date"].index(cells[names.index("date")])]
    return Layout(
        format=FORMAT,
        variant=f"{report}-{language}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        is_multiline=True,
        date_column="date",
        constants={"report": report},
        warnings=unknown_columns_warning(unknown),
    )


def settle(layout: Layout, survey: Survey) -> Layout:
    """Date order, decimal mark and time zones from the whole columns; each has an option."""
    order = date_order(layout, survey, "date")
    mark = decimal_mark(layout, survey, _AMOUNTS)
    # In a Chinese file CST is China's; in others it may be Chicago's.
    is_chinese = "-zh-" in layout.variant
    zones = zones_of(layout, survey, "timezone", {"CST": "+08:00"} if is_chinese else None)
    day = iso_date(pl.col("date"), order)
    moment = pl.concat_str(day, pl.col("time"), separator=" ")
    numbers = {name: plain_number(name, mark) for name in _AMOUNTS}
    is_out = pl.col("gross").str.contains("^[-\u2212]")
    said = pl.coalesce("type", "description").str.to_lowercase()
    return replace(
        layout,
        normalise={
            **numbers,
            "date": day,
            "occurred_at": with_offset(moment, pl.col("timezone"), zones),
            "direction": pl.when(is_out).then(pl.lit("DR")).otherwise(pl.lit("CR")),
            "status": _status(layout),
            "event_code": pl.coalesce(
                "event_code",
                said.replace_strict(EVENT_OF, default="another type", return_dtype=pl.String),
            ),
        },
    )


def _status(layout: Layout) -> pl.Expr:
    """The letter of the detail report; a statement only lists what is done."""
    if "status" not in layout.columns:
        return pl.lit("S")
    said = pl.col("status").str.to_lowercase()
    return said.replace_strict(STATUS_OF, default="another status", return_dtype=pl.String)


_IS_TRANSACTION = pl.col("reference_id").str.contains("^[0-9A-Z]{17}$")
_REFERENCED = pl.when(_IS_TRANSACTION).then(pl.col("reference_id"))

FORMAT = Format(
    source="paypal_activity",
    description="PayPal activity downloads and monthly statements: one row per line.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    constants=("report",),
    keys=(
        Pseudonym(
            "movement_key", "movement", paypal_key("transaction_id", "currency", "direction")
        ),
        Pseudonym("event_key", "payment_event", paypal_key("transaction_id", "status")),
        Pseudonym("attempt_key", "attempt", paypal_key("transaction_id")),
        Pseudonym("capture_key", "capture", paypal_key("transaction_id")),
        Pseudonym("refund_key", "refund", paypal_key("transaction_id")),
        Pseudonym("referenced_capture_key", "capture", paypal_key(_REFERENCED)),
        Pseudonym(
            "dispute_key", "dispute", paypal_key(pl.coalesce(_REFERENCED, pl.col("transaction_id")))
        ),
        Pseudonym("order_key", "order", pl.col("invoice_id")),
        # These files do not have the payer id of the other reports, only the address.
        Pseudonym("payer_key", "paypal_email", pl.col("from_email").str.to_lowercase()),
        Pseudonym("product_key", "product", pl.col("item_title")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            any_missing("transaction_id", "currency", "gross", "date", "time"),
            "date, time, currency, gross and transaction id must be filled",
        ),
        *(bad_amount_check(name, f"the {name} amount") for name in _AMOUNTS),
        RowCheck(
            "sums_differ",
            (amount("gross") + amount("fee") - amount("net")).abs() >= 0.005,
            "gross and fee must add up to net",
        ),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains("^[A-Z]{3}$").not_(),
            "the currency must be an ISO 4217 code such as EUR",
        ),
        RowCheck(
            "bad_value",
            (pl.col("status") == "another status") & (pl.col("event_code") != "memo"),
            "the status is none of those known here, so it cannot be told whether money moved",
        ),
        RowCheck(
            "bad_time",
            pl.col("date").is_not_null() & pl.col("occurred_at").str.contains("^[0-9]").not_(),
            "date and time must be of the calendar, such as 31/12/2025 and 23:59:59, with a zone",
        ),
        RowCheck(
            "implausible_time",
            is_plausible(calendar_date(pl.col("date")), pl.col(INGEST_DAY)).not_(),
            "the date must lie between 2004-01-01 and 2 days from today",
        ),
    ),
)
