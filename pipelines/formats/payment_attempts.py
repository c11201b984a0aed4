"""The merchant's own log of payment attempts: the only source that knows failed payments.

What belongs here: the contract of this file, field by field, for CSV (comma, semicolon or TAB),
JSONL and Parquet. What does not: what an error code means (seed `failure_codes` in dbt).

One row per attempt to pay an order with one wallet. `outcome` has three values: "unknown" is for
answers such as SYSTEMERROR or a timeout, where only the bill can tell. Amounts are in major units,
times are ISO-8601 with an offset, text is UTF-8. Field by field below; personal fields are declared
`keep=False`, fields of codes have a shape.
"""

from __future__ import annotations

import json
import re

import polars as pl

from pipelines.formats.format import (
    AMOUNT_DIGITS,
    AMOUNT_LIMIT,
    BadFileError,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    clean_header,
    match_columns,
    require_columns,
    unknown_columns_warning,
)
from pipelines.formats.shapes import CODE, LANGUAGE, REGION, SYSTEM, VERSION, Shape
from pipelines.formats.times import iso_time_checks


def _field(
    name: str, *, keep: bool = True, is_id: bool = False, shape: Shape | None = None
) -> Column:
    return Column(name, (name,), keep=keep, kind="id" if is_id else "text", shape=shape)


_REQUIRED = (
    _field("attempt_id", is_id=True),  # unique per attempt
    _field("merchant_order_id", is_id=True),  # the order number sent to the wallet
    _field("provider", shape=CODE),  # alipay, wechat_pay, stripe, adyen, paypal, …
    _field("attempted_at"),  # ISO-8601 with offset or Z
    _field("outcome"),  # succeeded, failed, unknown
    _field("amount"),  # decimal in major units, not negative
    _field("currency"),  # ISO 4217
)
_COLUMNS = (
    *_REQUIRED,
    _field("wallet", shape=CODE),  # alipay, wechat_pay, apple_pay, …; default: the provider
    _field("method", shape=CODE),  # app, jsapi, native, h5, micropay, …
    _field("finished_at"),  # ISO-8601 with offset or Z
    _field("provider_state", shape=CODE),
    _field("error_code", shape=CODE),
    _field("error_sub_code", shape=CODE),
    _field("error_message", keep=False),  # free text
    _field("user_id", keep=False),  # the merchant's own customer id
    _field("device_id", keep=False),
    _field("channel", shape=CODE),  # app, mini_program, web, pos
    _field("os", shape=SYSTEM),
    _field("app_version", shape=VERSION),
    _field("region", shape=REGION),
    _field("language", shape=LANGUAGE),
    _field("bank", shape=CODE),
    _field("retry_of", keep=False),  # attempt_id this one repeats
    _field("latency_ms"),  # integer
    _field("is_new_device"),  # true, false
    _field("step_up"),  # none, passed, failed
    _field("is_test"),  # true, false
)
_WHAT = "a payment_attempts file"


def recognise(head: Head) -> Layout | None:
    """The layout of an attempts file; None when there is no attempt_id where it should be."""
    if head.encoding == "parquet":
        return _parquet_layout(head)
    first = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    if not first:
        return None
    line = head.lines[first - 1]
    if line.lstrip("\ufeff").startswith(("{", "[")):
        return _json_layout(line, first)
    return _csv_layout(line, first)


def _csv_layout(line: str, at: int) -> Layout | None:
    separator = max((",", ";", "\t"), key=line.count)
    cells = [clean_header(cell).lower() for cell in line.split(separator)]
    names, unknown = match_columns(cells, _COLUMNS, at)
    if not _is_ours(names):
        return None
    require_columns(names, list(_REQUIRED), _WHAT, at)
    return Layout(
        format=FORMAT,
        variant=f"csv-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        is_multiline=True,
        date_column="attempted_at",
        warnings=unknown_columns_warning(_readable(unknown, cells)),
    )


def _json_layout(line: str, at: int) -> Layout | None:
    """JSONL: every known field is looked for in every line, so the first need not have them all."""
    if re.match(r"\s*\[", line):
        if '"attempt_id"' not in line and line.strip() != "[":
            return None
        raise BadFileError(
            "unrecognised",
            "this is one JSON array; write one JSON object per line instead (JSONL)",
            at,
        )
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    fields = list(record) if isinstance(record, dict) else re.findall(r'"(\w+)"\s*:', line)
    if not _is_ours(tuple(fields)):
        return None
    unknown = [name for name in fields if name not in {column.name for column in _COLUMNS}]
    return Layout(
        format=FORMAT,
        variant="jsonl",
        dialect="json",
        columns=tuple(column.name for column in _COLUMNS),
        header_line=at - 1,
        date_column="attempted_at",
        warnings=unknown_columns_warning([_safe_name(name) for name in unknown]),
    )


def _parquet_layout(head: Head) -> Layout | None:
    names, unknown = match_columns(list(head.columns), _COLUMNS, 1)
    if not _is_ours(names):
        return None
    require_columns(names, list(_REQUIRED), _WHAT, 1)
    return Layout(
        format=FORMAT,
        variant=f"parquet-{len(names)}",
        dialect="table",
        columns=names,
        date_column="attempted_at",
        warnings=unknown_columns_warning(_readable(unknown, list(head.columns))),
    )


def _is_ours(names: tuple[str | None, ...]) -> bool:
    known = {column.name for column in _COLUMNS} & set(names)
    return "attempt_id" in known or len(known & {field.name for field in _REQUIRED}) >= 4


def _readable(positions: list[str], cells: list[str]) -> list[str]:
    return [_safe_name(cells[int(position) - 1]) for position in positions]


def _safe_name(name: str) -> str:
    """A column name fit for a message: a broken header may hold a value instead of a name."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z_]{0,40}", name) else "(unnamed)"


_BOOLEANS = {"true": "true", "false": "false", "1": "true", "0": "false"}


def _boolean(name: str) -> pl.Expr:
    """True, TRUE, 1 -> true; what is neither stays as it is and is rejected by the check."""
    lowered = pl.col(name).str.to_lowercase()
    return lowered.replace(_BOOLEANS)


FORMAT = Format(
    source="payment_attempts",
    description="The merchant's log of payment attempts: one row per attempt.",
    columns=_COLUMNS,
    recognise=recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("attempt_key", "attempt", pl.col("attempt_id")),
        Pseudonym("order_key", "order", pl.col("merchant_order_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
        Pseudonym("device_key", "device", pl.col("device_id")),
        Pseudonym("retry_of_key", "attempt", pl.col("retry_of")),
    ),
    normalise={
        "wallet": pl.coalesce("wallet", "provider"),
        "is_new_device": _boolean("is_new_device"),
        "is_test": _boolean("is_test"),
    },
    checks=(
        *(
            RowCheck(
                "missing_value", pl.col(column.name).is_null(), f"{column.name} must be filled"
            )
            for column in _REQUIRED
        ),
        RowCheck(
            "bad_outcome",
            pl.col("outcome").is_in(["succeeded", "failed", "unknown"]).not_(),
            "outcome must be succeeded, failed or unknown",
        ),
        RowCheck(
            "bad_amount",
            pl.col("amount").str.contains(rf"^{AMOUNT_DIGITS}(\.[0-9]{{1,4}})?$").not_(),
            f"amount must be a decimal in major units such as 12.50, not negative, {AMOUNT_LIMIT}",
        ),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains(r"^[A-Z]{3}$").not_(),
            "currency must be an ISO 4217 code such as CNY",
        ),
        *iso_time_checks("attempted_at"),
        *iso_time_checks("finished_at"),
        RowCheck(
            "bad_value",
            pl.col("latency_ms").str.contains(r"^[0-9]{1,12}$").not_(),
            "latency_ms must be a whole number of milliseconds",
        ),
        *(
            RowCheck(
                "bad_value",
                pl.col(name).is_in(["true", "false"]).not_(),
                f"{name} must be true or false",
            )
            for name in ("is_new_device", "is_test")
        ),
        RowCheck(
            "bad_value",
            pl.col("step_up").is_in(["none", "passed", "failed"]).not_(),
            "step_up must be none, passed or failed",
        ),
    ),
)
