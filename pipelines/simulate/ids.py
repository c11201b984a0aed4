"""Numbers and texts as providers print them: ids, yuan, clock times.

What belongs here: polars expressions from the simulation's integers to text. What does not: the
order of columns in a file.
"""

from __future__ import annotations

import polars as pl


def scattered(number: pl.Expr, width: int = 10) -> pl.Expr:
    """A running number (below 10**width) as `width` digits without visible order, still unique."""
    # The golden part of 10**10 spreads neighbours far apart; being prime to 10 it repeats nothing.
    mixed = (number.cast(pl.UInt64) * 6_180_339_887 + 3_141_592_653) % 10**width
    return mixed.cast(pl.String).str.zfill(width)


def yuan(cents: pl.Expr, zeros: str = "") -> pl.Expr:
    """Cents (integers, any sign) as yuan with two decimals; `zeros` are further digits behind."""
    absolute = cents.abs()
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (absolute // 100).cast(pl.String)
    rest = (absolute % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(sign, whole, pl.lit("."), rest, pl.lit(zeros))


def yuan_text(cents: int, zeros: str = "") -> str:
    """One amount of a total line, like `yuan`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}{zeros}"


def clock(milliseconds: pl.Expr) -> pl.Expr:
    """Wall-clock milliseconds as `2026-01-31 23:59:59`; null stays null."""
    return milliseconds.cast(pl.Datetime("ms")).dt.to_string("%Y-%m-%d %H:%M:%S")


def day_digits(milliseconds: pl.Expr) -> pl.Expr:
    """Day of wall-clock milliseconds as `20260131`."""
    return milliseconds.cast(pl.Datetime("ms")).dt.to_string("%Y%m%d")
