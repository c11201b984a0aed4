"""Adyen's reports, what the three have in common: header, times, wallets' columns, keys.

What belongs here: finding the header wherever it is, matching columns in any order, zones of times,
columns that several reports share. What does not: what each report has of its own.

UTF-8, comma, LF, no BOM; as a workbook with blank rows above the header. Amounts are in major units
with a decimal point. Which columns there are and in which order is the account's choice, the case
of types is not reliable. A time stands beside the abbreviation of its zone, a setting of the
account.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipelines.formats.format import (
    UNIT_SEPARATOR,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
    bad_amount_check,
    clean_header,
    declared_spelling,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, REGION, Shape
from pipelines.formats.times import iso_time_checks
from pipelines.formats.zones import with_offset, zones_of

RATE = Shape(r"[0-9]{1,12}(\.[0-9]{1,15})?", "exchange rates such as 1.0842")

COMMON_COLUMNS = (
    Column("company_account", ("Company Account",), keep=False),
    Column("merchant_account", ("Merchant Account",), shape=CODE),
    Column("psp_reference", ("Psp Reference",), kind="id"),
    # The merchant's order number.
    Column("merchant_reference", ("Merchant Reference",), keep=False, kind="id"),
    Column("payment_method", ("Payment Method",), shape=CODE),
    # Where the wallet often is: mc_googlepay beside the method nyce.
    Column("payment_method_variant", ("Payment Method Variant",), shape=CODE),
    Column("timezone", ("TimeZone",), keep=False),
    Column("shopper_country", ("Shopper Country",), shape=REGION),
    Column("shopper_reference", ("Shopper Reference",), keep=False),
)
COMMON_KEYS = (
    Pseudonym("order_key", "order", pl.col("merchant_reference")),
    # The merchant's own id of the customer.
    Pseudonym("user_key", "subject", pl.col("shopper_reference")),
)


def dropped(*headers: str) -> tuple[Column, ...]:
    """Columns of a report that are personal, free text or read by nobody."""
    return tuple(
        Column("".join(c if c.isalnum() else "_" for c in header.lower()), (header,), keep=False)
        for header in headers
    )


RESERVED = dropped(*(f"Reserved{number}" for number in range(1, 11)))


def adyen_layout(
    spec: Format, head: Head, what: str, own: tuple[str, ...], date_column: str
) -> Layout | None:
    """The layout of a report that has all columns named in `own`; None for any other content.

    Raises BadFileError when an Adyen report lacks a column that it always has.
    """
    at = next((at for at, line in enumerate(head.lines, 1) if line.strip(" ,;\t\ufeff")), 0)
    if not at or head.encoding == "parquet":
        return None
    line = head.lines[at - 1]
    separator = max((",", ";", "\t"), key=line.count)
    cells = [clean_header(cell) for cell in line.split(separator)]
    cells = numbered_again(declared_spelling(cells, spec.columns))
    if not {"Psp Reference", "Merchant Account", *own} <= set(cells):
        return None
    names, unknown = match_columns(cells, spec.columns, at)
    always = [column for column in spec.columns if column.name in {*_ALWAYS, date_column}]
    require_columns(names, always, what, at)
    return Layout(
        format=spec,
        variant=f"{'workbook' if head.is_workbook else 'csv'}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        date_column=date_column,
        warnings=unknown_columns_warning(unknown),
    )


_ALWAYS = ("merchant_account", "psp_reference", "merchant_reference", "payment_method")


def numbered_again(cells: list[str]) -> list[str]:
    """Header cells in which the second of two equal texts says so: `Settlement Currency (2)`."""
    seen: dict[str, int] = {}
    result = []
    for cell in cells:
        seen[cell] = seen.get(cell, 0) + 1
        result.append(cell if seen[cell] == 1 or not cell else f"{cell} ({seen[cell]})")
    return result


def settle_times(layout: Layout, survey: Survey, times: dict[str, str]) -> Layout:
    """The layout with `times` (column of a clock -> column of its zone) as ISO-8601 with offset."""
    zones: dict[str, dict[str, str]] = {}
    for zone in dict.fromkeys(times.values()):
        # A report without the booking's own zone has one for all its times.
        column = zone if zone in layout.columns else "timezone"
        zones[zone] = zones_of(layout, survey, column)
    normalise = {
        name: with_offset(
            pl.col(name), pl.coalesce(*dict.fromkeys((zone, "timezone"))), zones[zone]
        )
        for name, zone in times.items()
        if name in layout.columns
    }
    return replace(layout, normalise={**layout.normalise, **normalise})


def type_code(name: str) -> pl.Expr:
    """`RefundedReversed`, `refunded_reversed` and `Refunded Reversed` are one type."""
    return pl.col(name).str.to_lowercase().str.replace_all("[ _-]", "")


def adyen_key(*parts: str | pl.Expr, may_be_empty: bool = False) -> pl.Expr:
    """The value of a key of Adyen's; NULL when a part is missing, unless all may be."""
    exprs = [pl.col(part) if isinstance(part, str) else part for part in parts]
    if may_be_empty:
        exprs = [expr.fill_null("") for expr in exprs]
    return pl.concat_str([pl.lit("adyen"), *exprs], separator=UNIT_SEPARATOR, ignore_nulls=False)


def common_checks(columns: tuple[Column, ...], times: dict[str, str]) -> tuple[RowCheck, ...]:
    """Checks that all reports share: amounts are numbers, times are times."""
    return (
        RowCheck(
            "bad_value",
            pl.col("merchant_account").str.contains(CODE.anchored).not_(),
            "Merchant Account must be the name of an account such as ShopNL",
        ),
        *(
            bad_amount_check(column.name, column.headers[0])
            for column in columns
            if column.kind == "amount"
        ),
        *(check for name in times for check in iso_time_checks(name)),
    )
