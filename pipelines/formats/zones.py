"""Wall-clock times with a zone beside them, as ISO-8601 with an offset.

What belongs here: what an abbreviation of a time zone means, asking a document which zones it has,
the expression that joins a clock and its zone. What does not: how a provider prints a date.

An abbreviation is an offset, not a place: CEST is two hours ahead of UTC wherever it is printed.
Some are not one offset: CST is Chicago's in an American account and UTC+8 in a Chinese one, IST is
India's, Israel's or Ireland's. Those are never guessed, the merchant names the zone once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from pipelines.formats.format import BadFileError, Layout, Survey
from pipelines.time_zones import known_zones

OFFSETS: Mapping[str, str] = {
    "UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00", "WEST": "+01:00", "BST": "+01:00",
    "CET": "+01:00", "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00",
    "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00", "HST": "-10:00",
    "BRT": "-03:00", "HKT": "+08:00", "SGT": "+08:00", "JST": "+09:00", "KST": "+09:00",
    "AWST": "+08:00", "AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00",
}  # fmt: skip
_ZONE_LIKE = "[A-Z]{2,5}|[A-Z][A-Za-z]+/[A-Za-z_/+-]+"
_CLOCK = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01]?[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"


def zones_of(
    layout: Layout, survey: Survey, column: str, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Each zone text of the document with what it means: an offset, or a zone of the IANA list.

    The option `timezone` of the format wins over whatever is printed, also where nothing is (the
    empty text). `known` adds to `OFFSETS`. Raises BadFileError when the option is no zone, and when
    the meaning of a text cannot be told.
    """
    source = layout.format.source
    chosen = survey.options.get("timezone")
    if chosen is not None and chosen not in known_zones():
        raise BadFileError(
            "bad_option",
            f"the option {source}.timezone in WALLET_FORMAT_OPTIONS must be a zone of the IANA "
            "list such as Europe/Amsterdam",
        )
    printed: set[str] = set()
    if column in layout.columns:
        for values in survey.values(column):
            printed.update(values.drop_nulls().unique())
    if chosen is not None:
        return dict.fromkeys(["", *sorted(printed)], chosen)
    offsets = {**OFFSETS, **(known or {})}
    meaning = {text: _meaning(text, offsets) for text in sorted(printed)}
    # What does not even look like a zone is a broken row, and no reason to refuse the file.
    strange = [t for t, what in meaning.items() if what is None and re.fullmatch(_ZONE_LIKE, t)]
    if strange or column not in layout.columns:
        raise _unknown_zone(source, strange)
    return {text: what for text, what in meaning.items() if what is not None}


def _meaning(text: str, offsets: Mapping[str, str]) -> str | None:
    found = offsets.get(text.upper())
    if found is not None:
        return found
    return text if "/" in text and text in known_zones() else None


def _unknown_zone(source: str, texts: list[str]) -> BadFileError:
    what = (
        f"the time zone {', '.join(texts)} is not known here or may mean several places"
        if texts
        else "no column says the time zone"
    )
    return BadFileError(
        "unknown_time_zone",
        f"{what}; say which it is with "
        f"""WALLET_FORMAT_OPTIONS='{{"{source}.timezone": "Asia/Shanghai"}}'""",
    )


def with_offset(clock: pl.Expr, zone: pl.Expr, zones: Mapping[str, str]) -> pl.Expr:
    """ISO-8601 text of a clock text `2026-01-05 9:11:12` and its zone; NULL stays NULL.

    What is no time of the calendar, or has no known zone, is marked so that a check finds it. In
    the hour that a summer's end repeats, the zone of a place means the first time round.
    """
    is_clock = clock.str.contains(_CLOCK)
    moment = clock.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms")
    plain = moment.dt.strftime("%Y-%m-%dT%H:%M:%S")
    result = pl.lit(None, pl.String)
    for what in sorted(set(zones.values())):
        texts = [text for text, meaning in zones.items() if meaning == what]
        if what[0] in "+-":
            here = plain + pl.lit(what)
        else:
            placed = moment.dt.replace_time_zone(what, ambiguous="earliest", non_existent="null")
            here = placed.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
        result = pl.when(zone.fill_null("").is_in(texts)).then(here).otherwise(result)
    return pl.coalesce(pl.when(is_clock).then(result), pl.lit("no such time: ") + clock)
