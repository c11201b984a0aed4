"""Exports that a mapping file describes: any provider without code.

What belongs here: a mapping as a layout, what is asked of a row. What does not: how cells are put
in this project's words (`mapped_values`), what a mapping may say (`mapping`), where mapping files
lie (`ingest.mappings`).

All such exports share one source of the lake, in canonical columns: times in UTC, amounts in major
units and signed as they change the merchant's balance, kinds and outcomes in this project's words.
Columns that a mapping does not name are never read.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from decimal import Decimal
from functools import partial

import iso4217
import polars as pl

from pipelines.formats.format import (
    AMOUNT,
    AMOUNT_DIGITS,
    AMOUNT_LIMIT,
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    amount,
    clean_header,
    parse_decimal,
    split_line,
)
from pipelines.formats.mapped_values import BAD_SIGN, normalise
from pipelines.formats.mapping import FATES, FIELDS, KINDS, OUTCOMES, Mapping
from pipelines.formats.shapes import CODE, CURRENCY, UPPER_CODE
from pipelines.formats.times import iso_time_checks

_SHAPES = {"wallet": CODE, "method": CODE, "funding_brand": CODE, "error_code": CODE}
_SHAPES |= {"error_sub_code": CODE, "currency": CURRENCY, "country": UPPER_CODE}
_IDS = ("transaction_id", "reference_id", "refund_id", "entry_id", "payout_id", "order_number")
_COLUMNS = (
    Column("provider", ("provider",), shape=CODE),
    *(
        Column(
            name,
            (name,),
            keep=name not in {*_IDS, "occurred_time"},
            kind="id" if name in _IDS else "text",
            shape=_SHAPES.get(name),
        )
        for name in FIELDS
    ),
    # What a mapping says of personal columns: the raw values are never kept.
    *(Column(f"{fate}_id", (f"{fate}_id",), keep=False) for fate in FATES if fate != "drop"),
)


def recognise(head: Head) -> Layout | None:
    """The layout of the one mapping whose headers are all in a line of the head.

    Raises BadFileError when two mappings fit equally well, or a header appears twice.
    """
    found = [
        (len(mapping.recognise.headers), mapping, at, cells)
        for mapping in head.mappings
        if (place := _header_line(head, mapping)) is not None
        for at, cells in [place]
    ]
    if not found:
        return None
    most = max(size for size, *_ in found)
    best = [entry for entry in found if entry[0] == most]
    if len(best) > 1:
        names = ", ".join(mapping.name for _, mapping, *_ in best)
        raise BadFileError(
            "unrecognised",
            f"the mappings {names} fit equally well; name a header under recognise.headers that "
            "only one of them has",
        )
    _, mapping, at, cells = best[0]
    return _layout(mapping, at, cells)


def _header_line(head: Head, mapping: Mapping) -> tuple[int, list[str]] | None:
    wanted = {clean_header(name) for name in mapping.recognise.headers}
    for at, line in enumerate(head.lines, start=1):
        plain = line.replace("（", "(").replace("）", ")")
        if not all(name in plain for name in wanted):
            continue
        row = split_line(plain, mapping.recognise.separator)
        cells = [clean_header(cell) for cell in row]
        if wanted <= set(cells):
            return at, cells
    return None


def _layout(mapping: Mapping, at: int, cells: list[str]) -> Layout:
    names = {clean_header(header): field for field, header in mapping.columns.items()}
    names |= {
        clean_header(header): f"{fate}_id"
        for header, fate in mapping.personal.items()
        if fate != "drop"
    }
    missing = sorted(names.keys() - set(cells))
    if missing:
        raise BadFileError(
            "missing_columns",
            f"this looks like {mapping.name} but the columns {', '.join(missing)} that its mapping "
            "names are missing; mend the mapping or download the export again",
            at,
        )
    columns = tuple(names.get(cell) for cell in cells)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise BadFileError(
            "duplicate_columns", f"the columns {', '.join(twice)} appear twice in the header", at
        )
    return Layout(
        format=_format_of(mapping),
        variant=mapping.name,
        dialect="quoted",
        columns=columns,
        separator=mapping.recognise.separator,
        header_line=at,
        footer_marks=(mapping.footer.begins,) if mapping.footer else (),
        normalise=normalise(mapping),
        date_column="occurred_at",
        constants={"report": mapping.report, "mapping": mapping.name},
    )


def _format_of(mapping: Mapping) -> Format:
    """The shared format with the totals of one mapping."""
    footer = partial(_read_footer, mapping) if mapping.footer else None
    implied = _net_totals if mapping.net_is_amount_less_fee else None
    return replace(FORMAT, read_footer=footer, implied_totals=implied)


def _read_footer(mapping: Mapping, layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals of the footer's first line; BadFileError when it is cut or holds no number."""
    if not lines or mapping.footer is None:
        raise BadFileError(
            "truncated",
            f"the line that begins with {mapping.footer.begins if mapping.footer else ''} is "
            "missing: the download was cut off; download it again",
        )
    fields = split_line(lines[0], mapping.recognise.separator)
    currency = mapping.defaults.get("currency")
    totals = []
    for name, position in mapping.footer.fields.items():
        value = parse_decimal(fields[position - 1]) if position <= len(fields) else None
        if value is None:
            raise BadFileError(
                "truncated",
                f"the total {name} is no number in field {position} of the last line; download the "
                "export again, or mend footer.fields in the mapping",
            )
        if mapping.money.unit == "minor" and name != "row_count":
            value = value.scaleb(-_decimals(mapping, currency))
        totals.append(ControlTotal(name, value, (name,), currency))
    return totals


def _decimals(mapping: Mapping, currency: str | None) -> int:
    if currency is None:
        return 2
    return mapping.money.decimals.get(currency, iso4217.Currency(currency).exponent or 0)


def _net_totals(layout: Layout, sums: Dict[str, Decimal]) -> list[ControlTotal]:
    """What was paid out per currency must be amounts less fees."""
    currencies = [name.partition(":")[2] for name in sums if name.startswith("net_amount:")]
    return [
        ControlTotal(
            f"net_amount_{currency}",
            sums[f"effect:{currency}"] - sums[f"fee_amount:{currency}"],
            (f"net_amount:{currency}",),
            currency,
        )
        for currency in currencies
    ]


def _number_check(name: str) -> RowCheck:
    pattern = rf"^[+-]?{AMOUNT_DIGITS}(\.[0-9]{{1,6}})?$"
    message = f"{name} must be a number as the mapping's `money` says, {AMOUNT_LIMIT}"
    return RowCheck("bad_amount", pl.col(name).str.contains(pattern).not_(), message)


def _time_checks(name: str) -> tuple[RowCheck, ...]:
    is_utc = pl.col(name).str.contains(r"(Z|[+-][0-9]{2}:?[0-9]{2})$")
    message = f"{name} must be a time as the mapping's `time` says"
    return RowCheck("bad_time", is_utc.not_(), message), *iso_time_checks(name)


def _key(name: str, domain: str, *fields: str) -> Pseudonym:
    return Pseudonym(name, domain, pl.concat_str(*fields, separator=UNIT_SEPARATOR))


def _of_kind(kind: str) -> pl.Expr:
    return pl.when(pl.col("kind") == kind).then(amount("amount").abs()).sum()


FORMAT = Format(
    source="mapped_exports",
    description="Exports that a mapping file describes: one row per payment, refund or movement.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("report", "mapping"),
    keys=(
        _key("capture_key", "capture", "provider", "transaction_id"),
        _key("original_capture_key", "capture", "provider", "reference_id"),
        _key("refund_key", "refund", "provider", "refund_id"),
        _key("entry_key", "balance_entry", "provider", "entry_id"),
        _key("payout_key", "payout", "provider", "payout_id"),
        _key("payer_key", "mapped_payer", "provider", "payer_id"),
        Pseudonym("order_key", "order", pl.col("order_number")),
        Pseudonym("user_key", "subject", pl.col("customer_id")),
        Pseudonym("device_key", "device", pl.col("device_id")),
        Pseudonym("operator_key", "operator", pl.col("operator_id")),
    ),
    checks=(
        RowCheck(
            "unmapped_value",
            pl.col("kind").is_in(KINDS).fill_null(value=False).not_(),
            "what the row is, is not in the mapping's values.kind: add it there (`ignore` leaves "
            "such rows out)",
        ),
        RowCheck(
            "unmapped_value",
            pl.col("outcome").is_in(OUTCOMES).not_(),
            "whether the row went well is not in the mapping's values.outcome: add it there",
        ),
        RowCheck(
            "bad_sign",
            pl.col("amount") == BAD_SIGN,
            "the amount has another sign than the mapping's `signs` says for this kind of row",
        ),
        RowCheck(
            "missing_value",
            pl.col("amount").is_null() & (pl.col("kind") != "ignore"),
            "amount must be filled",
        ),
        *(_number_check(name) for name in ("amount", "fee", "net")),
        RowCheck("missing_value", pl.col("occurred_at").is_null(), "occurred_at must be filled"),
        *(check for name in ("occurred_at", "completed_at") for check in _time_checks(name)),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains("^[A-Z]{3}$").fill_null(value=False).not_(),
            "currency must be an ISO 4217 code, or be mapped under values.currency",
        ),
    ),
    measures={
        "row_count": pl.len().cast(AMOUNT),
        "payment_amount": _of_kind("payment"),
        "refund_amount": _of_kind("refund"),
        "effect": amount("amount").sum(),
        "fee_amount": amount("fee").fill_null(0).sum(),
        "net_amount": amount("net").sum(),
    },
    measures_by=("currency",),
)
