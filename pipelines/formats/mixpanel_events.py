"""Mixpanel: the raw event export, one JSON object per line.

What belongs here: the properties a checkout needs, `time` in its two units and two clocks, what
each personal property becomes. What does not: which events are steps of a checkout, which of two
copies counts (dbt).

Format: https://developer.mixpanel.com/reference/raw-event-export. `time` is seconds, or with
`time_in_ms=true` milliseconds. Projects made before 2023 export it in the project's own time zone,
as if that were UTC. `mp_processing_time_ms` always is UTC: where it follows `time` within minutes,
`time` is UTC too. Otherwise WALLET_FORMAT_OPTIONS says which zone it is:
`{"mixpanel_events.time_zone": "America/Los_Angeles"}`.
"""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl

from pipelines.formats.epochs import epoch_checks, epoch_moment, iso_text
from pipelines.formats.event_names import DECLARED_STEP, declared_step
from pipelines.formats.format import (
    UNIT_SEPARATOR,
    BadFileError,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
)
from pipelines.formats.shapes import CODE, CURRENCY, LANGUAGE
from pipelines.formats.wallets import event_code, wallet_code
from pipelines.time_zones import known_zones

_OPTION = "time_zone"
_NO_ZONE = (
    "times are taken as UTC, which their processing times do not confirm; a project made before "
    "2023 exports its own time zone: say which with "
    'WALLET_FORMAT_OPTIONS={"mixpanel_events.time_zone": "…"} (UTC for newer projects)'
)
# Seconds from an event to its processing when both are UTC: clocks of phones are wrong by minutes,
# and every zone is at least an hour away (Nepal's and Chatham's quarters included).
_PROMPT = (-15 * 60, 45 * 60)
# Phones send what they kept while offline; so many of the rows come promptly all the same.
_PROMPT_SHARE, _FEWEST, _MOST = 0.8, 20, 100_000


def _property(name: str, path: str | None = None, **more: object) -> Column:
    return Column(name, (name,), path=f'$.properties."{path or name}"', **more)


# Custom properties have the names a merchant gave them: for each value the usual ones, best first.
_SPELLINGS = {
    "payment_method": ("payment_method", "payment_type", "wallet"),
    "amount": ("amount", "revenue", "value", "total"),
    "order_id": ("order_id", "merchant_order_id", "transaction_id"),
    "one_tap": ("one_tap", "is_one_tap", "express_checkout"),
    "language": ("language", "$locale"),
}


def _spelled(name: str, **more: object) -> tuple[Column, ...]:
    """The column itself by its first spelling, the others beside it and never kept."""
    first, *others = _SPELLINGS[name]
    extra = [_property(f"{name}_{at}", other, keep=False) for at, other in enumerate(others)]
    return (_property(name, first, **more), *extra)


def _best(name: str) -> pl.Expr:
    others = [f"{name}_{at}" for at in range(len(_SPELLINGS[name]) - 1)]
    return pl.coalesce(name, *others)


_COLUMNS = (
    Column("event", ("event",), path="$.event", shape=CODE),
    DECLARED_STEP,
    _property("time"),
    _property("processed_ms", "mp_processing_time_ms", shape=CODE),
    _property("platform", "mp_lib", shape=CODE),
    _property("os", "$os", shape=CODE),
    _property("currency", shape=CURRENCY),
    *_spelled("payment_method", shape=CODE),
    *_spelled("amount"),
    *_spelled("language", shape=LANGUAGE),
    *_spelled("one_tap"),
    *_spelled("order_id", keep=False),
    _property("insert_id", "$insert_id", keep=False),
    _property("distinct_id", keep=False),
    _property("user_id", "$user_id", keep=False),  # the merchant's own customer id
    _property("device_id", "$device_id", keep=False),
    # Declared so that it is known to be personal.
    *(
        _property(name, f"${name}", keep=False)
        for name in ("email", "name", "phone", "city", "region", "current_url", "referrer")
    ),
    *(_property(name, name, keep=False) for name in ("ip", "mp_country_code")),
)


def recognise(head: Head) -> Layout | None:
    """The layout of a raw export; None when the first line has no event with properties."""
    at = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    if not at or head.encoding == "parquet":
        return None
    try:
        record = json.loads(head.lines[at - 1].lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or "event" not in record:
        return None
    properties = record.get("properties")
    if not isinstance(properties, dict) or not {"time", "distinct_id"} <= properties.keys():
        return None
    return Layout(
        format=FORMAT,
        variant="jsonl",
        dialect="json",
        columns=tuple(column.name for column in _COLUMNS if column is not DECLARED_STEP),
        header_line=at - 1,
        date_column="time",
    )


def settle(layout: Layout, survey: Survey) -> Layout:
    """The layout with `time` read in the project's zone; a warning when nobody said which it is.

    Names of events that the merchant declared become steps.
    """
    zone = survey.options.get(_OPTION)
    named = {"declared_step": declared_step(FORMAT.source, "event", survey.options, (_OPTION,))}
    moment = epoch_moment(pl.col("time"))
    if zone is None:
        warnings = () if _is_utc(survey) else (_NO_ZONE,)
        return replace(
            layout,
            normalise={"time": iso_text(moment), **named},
            warnings=(*layout.warnings, *warnings),
        )
    if zone not in known_zones():
        raise BadFileError(
            "bad_option",
            f"WALLET_FORMAT_OPTIONS says mixpanel_events.{_OPTION} = {zone!r}, which is no time "
            "zone of the IANA list such as Asia/Shanghai",
        )
    # Of the hour that a clock repeats in autumn, the first is taken: the export cannot tell.
    local = moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    utc = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return replace(layout, normalise={"time": iso_text(utc), **named}, variant=f"jsonl-{zone}")


def _is_utc(survey: Survey) -> bool:
    """Whether most events of the file were processed, by a clock that is UTC, as they happened."""
    prompt = known = 0
    for happened, processed in zip(
        survey.values("time"), survey.values("processed_ms"), strict=True
    ):
        moments = pl.DataFrame({"time": happened, "processed": processed}).select(
            (epoch_moment(pl.col("processed")) - epoch_moment(pl.col("time"))).dt.total_seconds()
        )
        delays = moments.to_series().drop_nulls()
        known += delays.len()
        prompt += delays.is_between(*_PROMPT, closed="left").sum()
        if known >= _MOST:
            break
    return known >= _FEWEST and prompt >= _PROMPT_SHARE * known


_AMOUNT = _best("amount").cast(pl.Float64, strict=False).round(4)

FORMAT = Format(
    source="mixpanel_events",
    description="Mixpanel's raw event export: one row per event.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    is_utf8_only=True,
    keys=(
        # Mixpanel's own four keys: `$insert_id` alone repeats with other times.
        Pseudonym(
            "event_key",
            "mixpanel_event",
            pl.concat_str(
                pl.col("event", "distinct_id", "time", "insert_id").fill_null(""),
                separator=UNIT_SEPARATOR,
            ),
        ),
        Pseudonym("insert_key", "mixpanel_insert", pl.col("insert_id")),
        Pseudonym("visitor_key", "mixpanel_visitor", pl.col("distinct_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
        Pseudonym("order_key", "order", pl.col("order_id")),
    ),
    normalise={
        "event": event_code(pl.col("event")),
        "platform": event_code(pl.col("platform")),
        "os": event_code(pl.col("os")),
        "payment_method": wallet_code(_best("payment_method")),
        "amount": pl.when(_AMOUNT.abs() < 1e10)
        .then(_AMOUNT.cast(pl.Decimal(18, 4)))
        .cast(pl.String),
        "currency": pl.col("currency").str.to_uppercase(),
        "language": _best("language"),
        "order_id": _best("order_id"),
        "one_tap": _best("one_tap").str.to_lowercase().replace({"1": "true", "0": "false"}),
    },
    checks=(
        RowCheck("missing_value", pl.col("event").is_null(), "event must be filled"),
        *epoch_checks("time", "time"),
        RowCheck(
            "bad_value",
            pl.col("one_tap").is_in(["true", "false"]).not_(),
            "one_tap must be true or false",
        ),
    ),
)
