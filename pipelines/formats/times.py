"""Times as exports print them, and which of them cannot be.

What belongs here: days and times of bills (wall clock) and of attempts (ISO-8601), the checks for
them. What does not: conversion to UTC (dbt staging).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.formats.format import RowCheck

# The day of the run (UTC), which ingest lays beside every row before it asks the checks.
INGEST_DAY = "_ingest_day"
# Alipay began in 2004, as the first wallet there is an export of.
_FIRST_DAY = date(2004, 1, 1)
# One day for the zones ahead of UTC, one for a clock that is wrong.
_DAYS_AHEAD = timedelta(days=2)

_CLOCK = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
_BILL_TIME = rf"^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}} {_CLOCK}(:[0-5][0-9])?$"
_ISO_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
    r"\s?(Z|z|[+-](0[0-9]|1[0-4]):?([0-5][0-9])?)$"
)


def calendar_date(text: pl.Expr) -> pl.Expr:
    """The date at the start of a time text, as printed (2016-07-27 or, re-saved, 2016/7/27)."""
    day = text.str.extract(r"^([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})").str.replace_all("/", "-")
    return day.str.to_date("%Y-%m-%d", strict=False)


def is_plausible(day: pl.Expr, ingest_day: pl.Expr) -> pl.Expr:
    """Whether a row may be dated so: a wallet existed, and the day has come."""
    return day.is_between(_FIRST_DAY, ingest_day + _DAYS_AHEAD)


def bill_time_checks(
    name: str, header: str, *, is_required: bool = True, empty_mark: str = ""
) -> tuple[RowCheck, ...]:
    """Reject what is no time of the calendar, and days that cannot be.

    `empty_mark` is a text that stands for "no time" in a column that need not be filled.
    """
    text = pl.col(name)
    is_bad = _is_no_moment(text, _BILL_TIME)
    if is_required:
        is_bad = is_bad.fill_null(value=True)
    elif empty_mark:
        is_bad = is_bad & (text != empty_mark)
    message = f"{header} must be a time such as 2025-11-01 09:30:00"
    return RowCheck("bad_time", is_bad, message), _implausible(name, header)


def iso_time_checks(name: str) -> tuple[RowCheck, ...]:
    """Reject times without offset or outside the calendar, and days that cannot be; not NULL."""
    message = f"{name} must be ISO-8601 with an offset such as 2025-11-01T09:30:00+08:00"
    is_bad = _is_no_moment(pl.col(name), _ISO_TIME)
    return RowCheck("bad_time", is_bad, message), _implausible(name, name)


def day_check(name: str) -> RowCheck:
    """Reject what is no day of the calendar; not NULL."""
    text = pl.col(name)
    is_day = text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$") & calendar_date(text).is_not_null()
    return RowCheck(
        "bad_time", text.is_not_null() & is_day.not_(), f"{name} must be a day such as 2026-01-31"
    )


def past_day_checks(name: str) -> tuple[RowCheck, ...]:
    """Reject what is no day, and days that have not come or lie before the first wallet."""
    return day_check(name), _implausible(name, name)


def _is_no_moment(text: pl.Expr, pattern: str) -> pl.Expr:
    is_moment = text.str.contains(pattern) & calendar_date(text).is_not_null()
    return pl.when(text.is_not_null()).then(is_moment.not_())


def _implausible(name: str, header: str) -> RowCheck:
    return RowCheck(
        "implausible_time",
        is_plausible(calendar_date(pl.col(name)), pl.col(INGEST_DAY)).not_(),
        f"{header} must lie between {_FIRST_DAY} and {_DAYS_AHEAD.days} days from today",
    )
