"""Antom's reports: transaction details (`transactionItems_…`) and settlement details.

What belongs here: their camelCase columns of all versions, the end mark, the unit of amounts,
their personal columns. What does not: what a row means (dbt staging).

UTF-8 CSV whose last line is `<END>`; without it the download was cut off. Amounts: Antom's sample
of settlementItems prints 1450 for 14.50 USD and 18000 for 18000 KRW (minor units), its answers to
questions say that reports are in major units. So the unit is taken from the file where it proves
it, else from the merchant's setting, and is never guessed. Layouts: docs.antom.com, reconciliation.
"""

from __future__ import annotations

from dataclasses import replace

import iso4217
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
    bad_amount_check,
    clean_header,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, CURRENCY, UPPER_CODE
from pipelines.formats.times import iso_time_checks

_END = "<END>"
_AMOUNTS = ("transaction_amount", "settlement_amount", "fee_amount")

_COLUMNS = (
    Column("settlement_batch_id", ("settlementBatchId",), kind="id"),
    Column("customer_id", ("customerId", "merchantId"), kind="id"),
    Column("psp", ("PSP", "acquirer"), shape=CODE),
    Column("acquirer_reference", ("ARN", "acquirerReferenceNo"), kind="id"),
    Column("reference_merchant_id", ("referenceMerchantId",), shape=CODE),
    Column("reference_store_id", ("referenceStoreId",), shape=CODE),
    Column("transaction_id", ("transactionId",), kind="id"),
    Column("original_transaction_id", ("originalTransactionId",), kind="id"),
    # The merchant's number of the payment, or of the refund.
    Column("transaction_request_id", ("transactionRequestId",), kind="id"),
    Column("original_request_id", ("originalTransactionRequestId",), kind="id"),
    # The merchant's order number, where the request carried one.
    Column("reference_transaction_id", ("referenceTransactionId",), kind="id"),
    Column("order_description", ("orderDescription",), keep=False),
    Column("payment_method_type", ("paymentMethodType",), shape=CODE),
    Column("psp_name", ("pspName",), keep=False),
    Column("transaction_type", ("transactionType",), shape=UPPER_CODE),
    Column("transaction_status", ("transactionStatus", "paymentStatus"), shape=UPPER_CODE),
    Column("transaction_time", ("transactionTime", "paymentTime")),
    Column("settlement_time", ("settlementTime",)),
    Column("product_code", ("productCode",), shape=CODE),
    Column("transaction_amount", ("transactionAmountValue",), kind="amount"),
    Column("transaction_currency", ("transactionCurrency",), shape=CURRENCY),
    Column("settlement_amount", ("settlementAmountValue",), kind="amount"),
    Column("settlement_currency", ("settlementCurrency",), shape=CURRENCY),
    Column("fee_amount", ("feeAmountValue",), kind="amount"),
    Column("fee_currency", ("feeCurrency",), shape=CURRENCY),
)
_REQUIRED = [
    column
    for column in _COLUMNS
    if column.name
    in {
        "customer_id", "transaction_id", "transaction_type", "transaction_time",
        "transaction_amount", "transaction_currency",
    }
]  # fmt: skip
_SETTLED = [
    column for column in _COLUMNS if column.name in {"settlement_amount", "settlement_currency"}
]
_WHAT = "an Antom report"


def recognise(head: Head) -> Layout | None:
    """The layout of a report; None when the first line is not the header of one."""
    at = next((at for at, line in enumerate(head.lines, 1) if line.strip()), 0)
    if not at or head.encoding == "parquet":
        return None
    cells = [clean_header(cell) for cell in head.lines[at - 1].split(",")]
    while cells and not cells[-1]:
        cells.pop()
    if "summaryType" in cells and "settlementBatchId" in cells:
        raise BadFileError(
            "unrecognised",
            "this is an Antom settlement summary: it has no transactions; the settlement details "
            "(settlementItems) of the same batch hold them: take this file away",
            at,
        )
    if "transactionId" not in cells or "transactionAmountValue" not in cells:
        return None
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, _WHAT, at)
    is_settlement = "settlement_batch_id" in names
    if is_settlement:
        require_columns(names, _SETTLED, "an Antom settlement report", at)
    _refuse_unknown_state(cells, names, at)
    report = "settlement" if is_settlement else "transactions"
    return Layout(
        format=FORMAT,
        variant=f"{report}-{len(names)}",
        dialect="quoted",
        columns=names,
        header_line=at,
        footer_marks=(_END, f'"{_END}'),
        date_column="transaction_time",
        constants={"report": report},
        warnings=unknown_columns_warning(unknown),
    )


def _refuse_unknown_state(cells: list[str], names: tuple[str | None, ...], line: int) -> None:
    """The newer report lists all transactions in their latest state: a state must not be missed."""
    missed = [
        cell
        for cell, name in zip(cells, names, strict=True)
        if name is None and ("status" in cell.lower() or "state" in cell.lower())
    ]
    if missed:
        raise BadFileError(
            "unknown_column",
            f"the column {missed[0]} may tell failed transactions from paid ones and is not known "
            "here; report it, and export without failed transactions until then",
            line,
        )


def settle(layout: Layout, survey: Survey) -> Layout:
    """Whether amounts are major units (14.50) or minor ones (1450): the file or the setting."""
    unit = survey.options.get("amount_unit")
    if unit not in {None, "major", "minor"}:
        raise BadFileError(
            "bad_option",
            "the option antom_report.amount_unit must be major or minor; mend the setting",
        )
    proof = _unit_in_file(layout, survey)
    if proof == "major" and unit == "minor":
        raise BadFileError(
            "bad_option",
            "the option antom_report.amount_unit says minor but this file has amounts with a "
            "decimal point; mend the setting",
        )
    # Where every currency has no decimals, both units are the same.
    found = "major" if proof in {"major", "same"} else unit
    if found is None:
        raise BadFileError(
            "ambiguous_amounts",
            "whether 1450 means 1450.00 or 14.50 is not told by this file (no amount has a decimal "
            "point), and Antom's pages say both; compare one amount with the dashboard and set "
            'WALLET_FORMAT_OPTIONS=\'{"antom_report.amount_unit": "minor"}\' or "major"',
        )
    return replace(layout, constants={**layout.constants, "amount_unit": found})


def _unit_in_file(layout: Layout, survey: Survey) -> str | None:
    """`major` with a decimal point in any amount, `same` when no currency has decimals."""
    present = set(layout.columns)
    for name in _AMOUNTS:
        if name in present:
            for values in survey.values(name):
                if values.str.contains(r"\.", literal=False).any():
                    return "major"
    currencies: set[str] = set()
    for name in ("transaction_currency", "settlement_currency", "fee_currency"):
        if name in present:
            for values in survey.values(name):
                currencies.update(values.drop_nulls().unique())
    decimals = {unit.code: unit.exponent for unit in iso4217.Currency}
    return "same" if all(decimals.get(code) == 0 for code in currencies) else None


def read_footer(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """A report has no totals, but its last line proves that it is whole."""
    filled = [line.strip(' \t\r,"') for line in lines if line.strip(' \t\r,"')]
    if not filled:
        raise BadFileError(
            "truncated",
            f"an Antom report ends with the line {_END} and this one does not: the download was "
            "cut off; download it again",
        )
    if filled != [_END]:
        raise BadFileError(
            "after_footer", f"there are lines after {_END}; keep one report per file, as downloaded"
        )
    return []


def _key(*parts: pl.Expr | str) -> pl.Expr:
    exprs = [pl.lit(part) if isinstance(part, str) else part for part in parts]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


FORMAT = Format(
    source="antom_report",
    description="Antom transaction and settlement reports: one row per transaction.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("report", "amount_unit"),
    keys=(
        Pseudonym("capture_key", "capture", _key("antom", pl.col("transaction_id"))),
        Pseudonym("original_key", "capture", _key("antom", pl.col("original_transaction_id"))),
        Pseudonym("request_key", "order", pl.col("transaction_request_id")),
        Pseudonym("original_request_key", "order", pl.col("original_request_id")),
        Pseudonym("order_key", "order", pl.col("reference_transaction_id")),
        Pseudonym(
            "event_key",
            "movement",
            _key("antom", pl.col("transaction_type"), pl.col("transaction_id")),
        ),
    ),
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(
                pl.col("transaction_id", "transaction_type", "transaction_time").is_null()
            ),
            "transactionId, transactionType and transactionTime must be filled",
        ),
        *iso_time_checks("transaction_time"),
        *iso_time_checks("settlement_time"),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in _COLUMNS
            if column.kind == "amount"
        ),
    ),
    settle=settle,
    read_footer=read_footer,
    is_utf8_only=True,
)
