"""PayPal's sectioned reports (SFTP), what the settlement and the transaction detail have in common.

What belongs here: the line marks, the columns both begin with, money and times as PayPal writes
them, section footers. What does not: what each of the two has of its own.

Every line begins with a mark: RH/FH/SH report, file and section header, CH column names, SB a row,
SF and RF totals per currency of a section and of the report, SC/RC/FF counts. Any header may be
missing, some have a BOM, some quote every text and some only a few, footers have fewer fields than
rows. Amounts are whole numbers with two implied decimals in every currency, yen too; the sign is in
a column of its own (CR, DR).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from pipelines.formats.format import (
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
    any_missing,
    bad_amount_check,
    clean_header,
    declared_spelling,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, CURRENCY, Shape
from pipelines.formats.times import iso_time_checks

MARKS = ("RH", "FH", "SH", "CH", "SB", "SF", "SC", "RF", "RC", "FF")
_CLOSES = {"RH": {"RF", "RC"}, "FH": {"FF"}, "SH": {"SF", "SC"}}
EVENT_CODE = Shape("T[0-9]{4}", "PayPal's transaction event codes such as T0006")

COMMON_COLUMNS = (
    Column("transaction_id", ("Transaction ID",), kind="id"),
    # The merchant's order number, or whatever the merchant wrote there.
    Column("invoice_id", ("Invoice ID",), keep=False, kind="id"),
    Column("reference_id", ("PayPal Reference ID",), keep=False),
    Column("reference_id_type", ("PayPal Reference ID Type",), shape=CODE),
    Column("event_code", ("Transaction Event Code",), shape=EVENT_CODE),
    Column("initiated_at", ("Transaction Initiation Date",)),
    Column("completed_at", ("Transaction Completion Date",)),
    Column("direction", ("Transaction Debit or Credit",)),
    Column("gross_amount", ("Gross Transaction Amount",), kind="amount"),
    Column("currency", ("Gross Transaction Currency",), shape=CURRENCY),
    Column("fee_direction", ("Fee Debit or Credit",)),
    Column("fee_amount", ("Fee Amount",), kind="amount"),
    Column("fee_currency", ("Fee Currency",), shape=CURRENCY),
)
_REQUIRED = [column for column in COMMON_COLUMNS if column.name != "invoice_id"]


def sectioned_layout(
    spec: Format, head: Head, fixed: Mapping[int, tuple[str, ...]]
) -> Layout | None:
    """The layout of a sectioned report of this format; None for any other content.

    `fixed` gives the columns of a file without a CH line, by the number of fields in its rows. The
    event code tells a report from other files with such marks, the transactional status the detail
    report from the settlement.
    """
    marked = [line for line in map(_clean, head.lines) if _mark(line)]
    first = next((_clean(line) for line in head.lines if line.strip()), "")
    if head.encoding == "parquet" or _mark(first) is None:
        return None
    separator = re.sub(r'^"?..("?)', "", first)[:1]
    header = next((line for line in marked if _mark(line) == "CH"), None)
    row = next((line for line in marked if _mark(line) == "SB"), None)
    if separator not in {",", "\t"}:
        return None
    if header is None:
        return _headless(spec, row, separator, fixed)
    at = next(at for at, line in enumerate(head.lines, 1) if _clean(line) == header)
    cells = [clean_header(cell) for cell in header.split(separator)]
    names, unknown = match_columns(declared_spelling(cells[1:], spec.columns), spec.columns, at)
    is_detail = any(cell.casefold() == "transactional status" for cell in cells)
    if is_detail is not ("status" in {column.name for column in spec.columns}):
        return None
    require_columns(names, _REQUIRED, "a PayPal report", at)
    warnings = unknown_columns_warning([str(int(at) + 1) for at in unknown])
    return _layout(spec, (None, *names), separator, warnings)


def _headless(
    spec: Format, row: str | None, separator: str, fixed: Mapping[int, tuple[str, ...]]
) -> Layout | None:
    if row is None:
        # Neither columns nor rows: the settlement speaks for both.
        if "status" in {column.name for column in spec.columns}:
            return None
        raise BadFileError(
            "missing_columns",
            "this looks like a PayPal report, but it has neither column names (CH) nor rows (SB); "
            "if there was nothing on that day take the file away",
        )
    fields = len(_fields(row, separator))
    if fields in fixed:
        return _layout(spec, (None, *fixed[fields]), separator, ())
    return None


def _layout(
    spec: Format, columns: tuple[str | None, ...], separator: str, warnings: tuple[str, ...]
) -> Layout:
    return Layout(
        format=spec,
        variant=f"sections-{len(columns)}",
        dialect="quoted",
        columns=columns,
        separator=separator,
        row_marks=(f"SB{separator}", f'"SB"{separator}'),
        date_column="initiated_at",
        warnings=warnings,
    )


def _clean(line: str) -> str:
    return line.strip("\ufeff \r")


def _mark(line: str) -> str | None:
    found = re.match(r'"?([A-Z]{2})"?[,\t]', line)
    return found[1] if found and found[1] in MARKS else None


def _fields(line: str, separator: str) -> list[str]:
    pattern = rf'(?:^|{separator})("(?:[^"]|"")*"|[^{separator}]*)'
    return [field.strip('" ') for field in re.findall(pattern, _clean(line))]


def read_section_totals(layout: Layout, lines: list[str]) -> list[ControlTotal]:
    """The totals per currency and the number of rows that a report states about itself.

    In a section footer: currency, gross credits, gross debits, and two fee totals, which stand in
    either order in the files seen. Sections are added up; the report's own footer only counts where
    there is none. BadFileError when a header has no footer, or another section other columns.
    """
    filled = [line for line in lines if line.strip()]
    marked = [(mark, line) for line in filled if (mark := _mark(_clean(line)))]
    if len(marked) < len(filled):
        raise BadFileError(
            "unknown_line",
            f"every line begins with one of the marks {', '.join(MARKS)} and one here does not; "
            "fetch the report again, and do not edit it",
        )
    _refuse_cut_off([mark for mark, _ in marked])
    headers = {_clean(line) for mark, line in marked if mark == "CH"}
    if len(headers) > 1:
        raise BadFileError(
            "mixed_columns", "the sections have different columns; split the file at its sections"
        )
    level = "S" if any(mark in {"SF", "SC"} for mark, _ in marked) else "R"
    sums: dict[str, list[Decimal]] = {}
    rows: Decimal | None = None
    for mark, line in marked:
        fields = _fields(line, layout.separator)
        if mark == f"{level}F":
            stated = [_number(text) for text in fields[2:6]]
            if len(stated) < 4:
                raise BadFileError("truncated", f"an {mark} line ends early; download it again")
            currency = sums.setdefault(fields[1], [Decimal(0)] * 4)
            sums[fields[1]] = [a + b for a, b in zip(currency, stated, strict=True)]
        elif mark == f"{level}C":
            rows = (rows or Decimal(0)) + _number(fields[1] if len(fields) > 1 else "")
    totals = [
        ControlTotal(name, value / 100, tuple(f"{m}:{currency}" for m in measures), currency)
        for currency, values in sorted(sums.items())
        for (name, measures), value in zip(_TOTALS.items(), values, strict=True)
    ]
    if rows is not None:
        totals.append(ControlTotal("row_count", rows, ("row_count",)))
    return totals


def section_accounts(lines: list[str]) -> set[str]:
    """The account ids that section headers (SH) name; none where a report has no such headers."""
    headers = [_clean(line) for line in lines if _mark(_clean(line)) == "SH"]
    fields = [_fields(header, re.sub(r'^"?..("?)', "", header)[:1]) for header in headers]
    return {row[3] for row in fields if len(row) > 3 and re.fullmatch("[0-9A-Z]{8,32}", row[3])}


# A detail report also lists what moved no money yet; its totals may leave that out.
_TOTALS = {
    "gross_credit": ("gross_credit", "moved_gross_credit"),
    "gross_debit": ("gross_debit", "moved_gross_debit"),
    "fee_first": ("fee_debit", "fee_credit", "moved_fee_debit", "moved_fee_credit"),
    "fee_second": ("fee_credit", "fee_debit", "moved_fee_credit", "moved_fee_debit"),
}


def _refuse_cut_off(marks: list[str]) -> None:
    ends = set().union(*_CLOSES.values())
    is_open = any(opens in marks and not closes & set(marks) for opens, closes in _CLOSES.items())
    if is_open or not marks or marks[-1] not in ends:
        raise BadFileError(
            "truncated",
            "a PayPal report ends with footers (SF, RF, FF) and this one does not: the download "
            "was cut off; fetch it again",
        )


def _number(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,14}", text):
        raise BadFileError("truncated", "a total of a footer is no whole number; download it again")
    return Decimal(text)


def _side(amount_name: str, direction: str, side: str, moved: pl.Expr | None) -> pl.Expr:
    is_counted = pl.col(direction) == side
    if moved is not None:
        is_counted = is_counted & moved
    return pl.when(is_counted).then(amount(amount_name)).sum()


def section_measures(moved: pl.Expr | None = None) -> dict[str, pl.Expr]:
    """Sums behind the footers; with `moved`, also those of rows that moved money."""
    sides = {
        "gross_credit": ("gross_amount", "direction", "CR"),
        "gross_debit": ("gross_amount", "direction", "DR"),
        "fee_credit": ("fee_amount", "fee_direction", "CR"),
        "fee_debit": ("fee_amount", "fee_direction", "DR"),
    }
    measures = {"row_count": pl.len().cast(pl.Int64)}
    measures |= {name: _side(*side, None) for name, side in sides.items()}
    if moved is not None:
        measures |= {f"moved_{name}": _side(*side, moved) for name, side in sides.items()}
    return measures


def _with_point(name: str) -> pl.Expr:
    """5200 -> 52.00; what is no whole number is marked, so that its check finds it."""
    text = pl.col(name)
    pointed = text.str.zfill(3).str.replace(r"^([0-9]+)([0-9]{2})$", "${1}.${2}")
    is_whole = text.str.contains(r"^[0-9]{1,12}$")
    return pl.when(is_whole).then(pointed).otherwise(pl.lit("not whole: ") + text)


def _iso(name: str) -> pl.Expr:
    clock = r"^([0-9]{4})/([0-9]{2})/([0-9]{2}) ([0-9:]{8}) ?([+-][0-9]{2})([0-9]{2})$"
    return pl.col(name).str.replace(clock, "${1}-${2}-${3}T${4}${5}:${6}")


NORMALISE = {
    "gross_amount": _with_point("gross_amount"),
    "fee_amount": _with_point("fee_amount"),
    "initiated_at": _iso("initiated_at"),
    "completed_at": _iso("completed_at"),
}


def paypal_key(*parts: str | pl.Expr) -> pl.Expr:
    """The value of a key of PayPal's: its name, then the parts; NULL when one is missing."""
    exprs = [pl.lit("paypal"), *(pl.col(p) if isinstance(p, str) else p for p in parts)]
    return pl.concat_str(exprs, separator=UNIT_SEPARATOR, ignore_nulls=False)


_REFERENCED = pl.when(pl.col("reference_id_type") == "TXN").then(pl.col("reference_id"))

COMMON_KEYS = (
    # The same movement in the settlement, the detail and the activity download is one.
    Pseudonym("movement_key", "movement", paypal_key("transaction_id", "currency", "direction")),
    Pseudonym("capture_key", "capture", paypal_key("transaction_id")),
    Pseudonym("refund_key", "refund", paypal_key("transaction_id")),
    Pseudonym("referenced_capture_key", "capture", paypal_key(_REFERENCED)),
    # PayPal gives a case no number here: the payment in dispute stands for it.
    Pseudonym(
        "dispute_key", "dispute", paypal_key(pl.coalesce(_REFERENCED, pl.col("transaction_id")))
    ),
    Pseudonym("order_key", "order", pl.col("invoice_id")),
    Pseudonym("payer_key", "paypal_payer", pl.col("consumer_id")),
)

COMMON_CHECKS = (
    RowCheck(
        "missing_value",
        any_missing("transaction_id", "event_code", "currency", "gross_amount"),
        "Transaction ID, Transaction Event Code, currency and amount must be filled",
    ),
    RowCheck(
        "bad_value",
        pl.col("direction").is_in(["CR", "DR"]).not_()
        | (pl.col("fee_direction").is_in(["CR", "DR"]).not_().fill_null(value=False)),
        "Debit or Credit must be CR or DR",
    ),
    RowCheck(
        "missing_value",
        pl.col("direction").is_null()
        | (pl.col("fee_direction").is_null() & (amount("fee_amount") != 0)),
        "an amount needs its Debit or Credit (CR or DR)",
    ),
    RowCheck(
        "bad_currency",
        pl.col("currency").str.contains("^[A-Z]{3}$").not_(),
        "Gross Transaction Currency must be an ISO 4217 code such as USD",
    ),
    RowCheck(
        "missing_value",
        pl.col("initiated_at").is_null(),
        "Transaction Initiation Date must be filled",
    ),
    *iso_time_checks("initiated_at"),
    *iso_time_checks("completed_at"),
    *(
        RowCheck(
            "bad_amount",
            bad_amount_check(name, header).is_bad,
            f"{header} must be a whole number with two implied decimals, {AMOUNT_LIMIT}",
        )
        for name, header in (("gross_amount", "an amount"), ("fee_amount", "a fee"))
    ),
)
