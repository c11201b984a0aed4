"""Dates and amounts whose notation depends on who exported the file.

What belongs here: telling day-month from month-day and decimal comma from decimal point by a whole
column, and writing both plainly. What does not: one provider's columns or words.

Neither follows from the language of the header: PayPal writes 31/12/2025 in one English file and
12/31/2025 in another. What a column leaves open is asked for, never guessed.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import BadFileError, Layout, Survey

_PARTS = r"^([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})$"
_ORDERS = {"DMY": (3, 2, 1), "MDY": (3, 1, 2), "YMD": (1, 2, 3)}
_MARKS = {"comma": (",", "[. ]"), "point": (r"\.", "[, ]")}


def date_order(layout: Layout, survey: Survey, column: str) -> str:
    """DMY, MDY or YMD, as the whole column says; BadFileError when it says nothing or both.

    Dots only ever separate day, month, year. The option `date_order` wins.
    """
    chosen = _option(layout, survey, "date_order", tuple(_ORDERS))
    if chosen:
        return chosen
    first, second, is_year_first, is_dotted = 0, 0, False, True
    for texts in survey.values(column):
        parts = texts.to_frame("text").select(
            pl.col("text").str.extract(_PARTS, 1).alias("first"),
            pl.col("text").str.extract(_PARTS, 2).cast(pl.Int32).alias("second"),
            pl.col("text").str.contains(".", literal=True).alias("dotted"),
        )
        parts = parts.filter(pl.col("first").is_not_null())
        if parts.is_empty():
            continue
        is_year_first |= bool((parts["first"].str.len_chars() == 4).any())
        first = max(first, parts["first"].cast(pl.Int32).max())
        second = max(second, parts["second"].max())
        is_dotted &= bool(parts["dotted"].all())
    if is_year_first:
        return "YMD"
    if first > 12 and second > 12:
        raise BadFileError(
            "mixed_dates",
            "some dates can only be day/month/year and others only month/day/year; export again, "
            "and do not join files of two accounts",
        )
    if first > 12 or (first and is_dotted and second <= 12):
        return "DMY"
    if second > 12:
        return "MDY"
    raise _ask(
        layout, "ambiguous_dates", "date_order", "DMY (or MDY)", "no date has a day after 12"
    )


def iso_date(text: pl.Expr, order: str) -> pl.Expr:
    """The date as 2026-01-05; what is no such date stays as it is, for the check to find."""
    year, month, day = (text.str.extract(_PARTS, at) for at in _ORDERS[order])
    written = pl.format("{}-{}-{}", year, month.str.zfill(2), day.str.zfill(2))
    is_date = text.str.contains(_PARTS) & (year.str.len_chars() == 4)
    return pl.when(is_date).then(written).otherwise(text)


def decimal_mark(layout: Layout, survey: Survey, columns: tuple[str, ...]) -> str:
    """'comma' or 'point', as all amounts together say; BadFileError when they say nothing or both.

    The option `decimal_mark` wins.
    """
    chosen = _option(layout, survey, "decimal_mark", tuple(_MARKS))
    if chosen:
        return chosen
    seen = dict.fromkeys(_MARKS, False)
    is_plain = True
    for column in columns:
        if column not in layout.columns:
            continue
        for texts in survey.values(column):
            for name, (mark, _) in _MARKS.items():
                seen[name] |= bool(
                    texts.str.contains(rf"^[^A-Za-z]*[0-9]{mark}[0-9]{{1,2}}$").any()
                )
            is_plain &= not texts.str.contains(r"[0-9][.,][0-9]").any()
    if all(seen.values()):
        raise BadFileError(
            "mixed_amounts",
            "some amounts have a decimal comma and others a decimal point; export again, and do "
            "not save the file with a spreadsheet",
        )
    if any(seen.values()) or is_plain:
        return "comma" if seen["comma"] else "point"
    raise _ask(
        layout, "ambiguous_amounts", "decimal_mark", "comma (or point)", "no amount has cents"
    )


def plain_number(name: str, mark: str) -> pl.Expr:
    """`4.626,81` as 4626.81; what is no such number is marked, so that its check finds it."""
    decimal, grouping = _MARKS[mark]
    # No-break blanks group thousands, and a typographic minus may lead.
    text = pl.col(name).str.replace_all("[\u00a0\u202f]", " ").str.replace("^\u2212", "-")
    pattern = rf"^[+-]?([0-9]{{1,3}}({grouping}[0-9]{{3}})+|[0-9]+)({decimal}[0-9]{{1,6}})?$"
    plain = text.str.replace_all(grouping, "").str.replace(decimal, ".").str.strip_prefix("+")
    is_number = text.str.contains(pattern)
    return pl.when(is_number).then(plain).otherwise(pl.lit("not a number: ") + text)


def _option(layout: Layout, survey: Survey, name: str, allowed: tuple[str, ...]) -> str | None:
    value = survey.options.get(name)
    if value is not None and value not in allowed:
        raise BadFileError(
            "bad_option",
            f"the option {layout.format.source}.{name} in WALLET_FORMAT_OPTIONS must be one of "
            f"{', '.join(allowed)}",
        )
    return value


def _ask(layout: Layout, reason: str, option: str, value: str, why: str) -> BadFileError:
    first, *rest = value.split(" ", 1)
    return BadFileError(
        reason,
        f"{why}, so it cannot be told how the file writes them; say it with "
        f"""WALLET_FORMAT_OPTIONS='{{"{layout.format.source}.{option}": "{first}"}}'"""
        + "".join(f" {more}" for more in rest),
    )
