"""Alipay's files for merchants overseas: transactions and settlements, pipe or comma separated.

What belongs here: their columns by header text, dates in either order, the batch list that lies
beside settlement files, their personal columns. What does not: what a row means (dbt staging).

Three families share their words. By SFTP: `<pid>_settlement_<day>.txt` and `<pid>_transaction_…`,
separated by `|`, the latter with a first line that names partner, day and number of records. For
web and WAP: `<pid>_fptrade_<day>.csv`, `<pid>_settle_…`, separated by commas, values padded with
blanks. AlipayHK prints MM/DD/YYYY there. Layouts: docs.antom.com, file formats of each product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

import polars as pl

from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
    amount,
    bad_amount_check,
    clean_header,
    match_columns,
    require_columns,
    stated_total,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, CURRENCY, DECIMAL, UPPER_CODE
from pipelines.formats.times import bill_time_checks

_COLUMNS = (
    # The merchant's number of the payment, or of the refund.
    Column("partner_transaction_id", ("partner_transaction_id",), kind="id"),
    Column("transaction_id", ("transaction_id",), kind="id"),
    Column("amount", ("amount", "transaction_amount"), kind="amount"),
    Column("rmb_amount", ("rmb_amount",), kind="amount"),
    Column("fee", ("fee", "charge_amount"), kind="amount"),
    Column("distribute_amount", ("distribute_amount",), kind="amount"),
    Column("distribute_rmb_amount", ("distribute_rmb_amount",), kind="amount"),
    Column("settlement", ("settlement",), kind="amount"),
    Column("rmb_settlement", ("rmb_settlement",), kind="amount"),
    Column("currency", ("currency",), shape=CURRENCY),
    Column("rate", ("rate",), shape=DECIMAL),
    Column("payment_time", ("payment_time",)),
    Column("settlement_time", ("settlement_time",)),
    Column("type", ("type", "transaction_type"), shape=UPPER_CODE),
    Column("status", ("status",), shape=UPPER_CODE),
    # Free text; of a refund often the number of the order it belongs to.
    Column("remarks", ("remarks", "remark"), keep=False),
    Column("secondary_merchant_industry", ("secondary_merchant_industry",), shape=CODE),
    Column("secondary_merchant_id", ("secondary_merchant_id",), shape=CODE),
    # Names: a taxi company's is its driver's.
    Column("secondary_merchant_name", ("secondary_merchant_name",), keep=False),
    Column("operator_name", ("operator_name",), keep=False),
    Column("order_scene", ("order_scene",), shape=CODE),
    Column("trans_currency", ("trans_currency",), shape=CURRENCY),
    Column("trans_amount", ("trans_amount",), kind="amount"),
    Column("trans_forex_rate", ("trans_forex_rate",), shape=DECIMAL),
    Column("issue", ("issue",), shape=UPPER_CODE),
    Column("product", ("product",), shape=CODE),
    Column("original_partner_transaction_id", ("original_partner_transaction_id",), kind="id"),
)
_REQUIRED = [
    column
    for column in _COLUMNS
    if column.name
    in {"partner_transaction_id", "amount", "fee", "currency", "payment_time", "type"}
]
_BATCH_COLUMNS = (
    Column("batch_no", ("settle_batch_no",)),
    Column("batch_date", ("settle_date",)),
    Column("batch_amount", ("amount",)),
    Column("batch_fee", ("fee",)),
    Column("batch_settlement", ("settlement",)),
    Column("batch_currency", ("currency",)),
)
_DATES = ("payment_time", "settlement_time")
_SLASHED = r"^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\b(.*)$"
_WHAT = "an Alipay global transaction or settlement file"


def recognise(head: Head) -> Layout | None:
    """The layout of one of the files; None when no line near the top is one of their headers."""
    at = next(
        (at for at, line in enumerate(head.lines[:5], 1) if _is_header(line.lower())),
        0,
    )
    if not at or head.encoding == "parquet":
        return None
    separator, cells = _split_header(head.lines[at - 1])
    is_batch_list = "settle_batch_no" in cells
    columns = _BATCH_COLUMNS if is_batch_list else _COLUMNS
    names, unknown = match_columns(cells, columns, at)
    require_columns(names, list(_BATCH_COLUMNS) if is_batch_list else _REQUIRED, _WHAT, at)
    partner, count = _first_line(head.lines[: at - 1])
    return Layout(
        format=FORMAT,
        variant=f"{'batches' if is_batch_list else 'pipe' if separator == '|' else 'comma'}"
        f"-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        has_rows=not is_batch_list,
        date_column=None if is_batch_list else "payment_time",
        constants={"partner": partner, "total_count": count},
        warnings=unknown_columns_warning(unknown),
    )


def _is_header(line: str) -> bool:
    words = line.replace(" ", "")
    return ("partner_transaction_id" in words and "payment_time" in words) or (
        "settle_batch_no" in words and "settle_date" in words
    )


def _split_header(line: str) -> tuple[str, list[str]]:
    separator = max("|,\t", key=line.count)
    # Pages and files differ in case and write `Partner_transaction_ id`.
    cells = [clean_header(cell).lower().replace(" ", "") for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    return separator, cells


def _first_line(lines: Iterable[str]) -> tuple[str | None, str | None]:
    """Partner and number of records of a transaction file; both None without such a line."""
    for line in lines:
        parts = [part.rpartition(":")[2].strip() for part in line.strip().split("|")]
        if len(parts) >= 3 and re.fullmatch(r"[0-9]+", parts[-1]):
            partner = parts[0] if re.fullmatch(r"[0-9]{8,20}", parts[0]) else None
            return partner, parts[-1]
    return None, None


def settle(layout: Layout, survey: Survey) -> Layout:
    """Which of the two numbers before the year is the day, where dates are written so."""
    if not layout.has_rows:
        return layout
    order = survey.options.get("date_order")
    if order not in {None, "MDY", "DMY"}:
        raise BadFileError(
            "bad_option", "the option alipay_global.date_order must be MDY or DMY; mend the setting"
        )
    is_slashed, seen = False, set()
    for values in survey.values("payment_time"):
        parts = (
            values.drop_nulls()
            .to_frame("text")
            .select(
                pl.col("text").str.extract(_SLASHED, at).cast(pl.Int64, strict=False).alias(str(at))
                for at in (1, 2)
            )
        )
        is_slashed = is_slashed or parts["1"].count() > 0
        if (parts["1"] > 12).any():
            seen.add("DMY")
        if (parts["2"] > 12).any():
            seen.add("MDY")
    if not is_slashed:
        return layout
    if len(seen) > 1:
        raise BadFileError(
            "bad_time",
            "the file writes both 13/1/2026 and 1/13/2026, so its dates cannot be told; export it "
            "again and do not save it with a spreadsheet",
        )
    found = next(iter(seen), order)
    if found is None:
        raise BadFileError(
            "ambiguous_dates",
            "dates such as 3/4/2026 can be read in two ways and no other date of the file tells "
            'which; set WALLET_FORMAT_OPTIONS=\'{"alipay_global.date_order": "MDY"}\' (AlipayHK '
            'documents month first) or "DMY" and run again',
        )
    if order is not None and order != found:
        raise BadFileError(
            "ambiguous_dates",
            f"the option alipay_global.date_order says {order} but the dates of this file are "
            f"{found}; mend the setting or take the file away",
        )
    year_first = "${3}-${1}-${2}${4}" if found == "MDY" else "${3}-${2}-${1}${4}"
    return replace(
        layout, normalise={name: pl.col(name).str.replace(_SLASHED, year_first) for name in _DATES}
    )


def implied_totals(layout: Layout, sums: Mapping[str, Decimal]) -> list[ControlTotal]:
    """The number of records that the first line of a transaction file states."""
    count = layout.constants.get("total_count")
    return [stated_total("row_count", count, ("row_count",))] if count else []


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The batches of a settlement zip by currency; nothing for the files with rows."""
    if layout.has_rows:
        return []
    rows = [[cell.strip(' \t\r"') for cell in line.split(layout.separator)] for line in lines]
    if not rows or any(len(row) < len(layout.columns) for row in rows):
        raise BadFileError(
            "truncated", "a list of batches has six values a line; download it again"
        )
    totals: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        values = dict(zip(layout.columns, row, strict=False))
        for name in ("amount", "fee", "settlement"):
            key = (name, values["batch_currency"])
            stated = stated_total(name, values[f"batch_{name}"], ()).expected
            totals[key] = totals.get(key, Decimal(0)) + stated
    return [
        ControlTotal(f"batches_{name}", expected, (f"{name}:{currency}",), currency)
        for (name, currency), expected in totals.items()
    ]


_IS_PAYMENT = pl.col("type").str.to_uppercase().is_in(["P", "PAYMENT"]).fill_null(value=False)


def _net(name: str) -> pl.Expr:
    """Payments less what went back, whatever sign refunds are printed with."""
    value = amount(name).abs().fill_null(0)
    return pl.when(_IS_PAYMENT).then(value).otherwise(-value).sum()


def _key(domain_of: str) -> pl.Expr:
    return pl.concat_str([pl.lit("alipay_global"), pl.col(domain_of)], separator=UNIT_SEPARATOR)


FORMAT = Format(
    source="alipay_global",
    description="Alipay global transaction and settlement files: one row per payment or refund.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("partner",),
    keys=(
        Pseudonym("order_key", "order", pl.col("partner_transaction_id")),
        Pseudonym("original_order_key", "order", pl.col("original_partner_transaction_id")),
        Pseudonym("remark_order_key", "order", pl.col("remarks")),
        Pseudonym("capture_key", "capture", _key("transaction_id")),
        Pseudonym("event_key", "movement", _key("partner_transaction_id")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(pl.col("partner_transaction_id", "currency", "type").is_null()),
            "Partner_transaction_id, Currency and Type must be filled",
        ),
        *bill_time_checks("payment_time", "Payment_time"),
        *bill_time_checks("settlement_time", "Settlement_time", is_required=False),
        *(
            bad_amount_check(column.name, column.headers[0].capitalize())
            for column in _COLUMNS
            if column.kind == "amount"
        ),
    ),
    measures={
        "row_count": pl.len().cast(pl.Int64),
        **{name: _net(name) for name in ("amount", "fee", "settlement")},
    },
    measures_by=("currency",),
    settle=settle,
    implied_totals=implied_totals,
    read_footer=read_footer,
)
