"""Moments as numbers since 1970: seconds, milliseconds, microseconds or nanoseconds, by magnitude.

What belongs here: numbers to ISO-8601 text in UTC, and the checks for it. What does not: times as
text (`times`).
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import RowCheck
from pipelines.formats.times import INGEST_DAY, calendar_date, is_plausible

# Seconds reach 1e11 in the year 5138, milliseconds did in 1973: between them there is no doubt.
_LIMITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
_WHOLE = r"^[0-9]{1,19}(\.[0-9]*)?$"


def epoch_moment(text: pl.Expr) -> pl.Expr:
    """A number as a naive UTC moment in microseconds; NULL for what is no plausible number.

    Nanoseconds lose their last three digits. Decimals of seconds count, of smaller units not.
    """
    digits = pl.when(text.str.contains(_WHOLE)).then(text)
    whole = digits.str.extract(r"^([0-9]+)").cast(pl.Int64, strict=False)
    fraction = digits.str.extract(r"(\.[0-9]{1,6})").cast(pl.Float64, strict=False).fill_null(0)
    (seconds, to_micro), *others = _LIMITS
    micro = pl.when(whole < seconds).then(whole * to_micro + (fraction * 1e6).cast(pl.Int64))
    for limit, factor in others:
        micro = micro.when(whole < limit).then(whole * factor)
    return micro.otherwise(whole // 1_000).cast(pl.Datetime("us"))


def iso_text(moment: pl.Expr) -> pl.Expr:
    """A naive UTC moment as ISO-8601 with Z and microseconds; NULL outside years of four digits."""
    day = moment.dt.year()
    return pl.when(day.is_between(1970, 9999)).then(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


def epoch_checks(name: str, what: str) -> tuple[RowCheck, ...]:
    """Checks for a column that `iso_text(epoch_moment(…))` was applied to: NULL is a bad number."""
    return (
        RowCheck(
            "bad_time",
            pl.col(name).is_null(),
            f"{what} must be a number of seconds, milli-, micro- or nanoseconds since 1970",
        ),
        RowCheck(
            "implausible_time",
            is_plausible(calendar_date(pl.col(name)), pl.col(INGEST_DAY)).not_(),
            f"{what} lies before 2004 or in the future",
        ),
    )
