"""What analytics tools saw of the merchant's checkout: Google Analytics 4 and Mixpanel.

What belongs here: visits, a planted funnel, the two exports. What does not: orders and attempts,
which the funnel ends in.

GA4 watches web and mini program, Mixpanel the app. Of those who look at an item a planted share
goes on at each step until a wallet is chosen; whether that ends in a purchase is the attempt's own
story. A payment that succeeds late is a purchase nobody's page has seen. Who did not agree to be
measured (`Story.visitors_measured`, by device) is in neither tool.
"""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.simulate.scenario import DAY_MS, HOUR_MS
from pipelines.simulate.story import Story, Written, epoch_us, packed
from pipelines.simulate.truth import FileTruth

# Share of visits of a step that reach the next one; the last is told by the attempts.
FUNNEL = {"view_item": 0.45, "add_to_cart": 0.6, "begin_checkout": 0.75}
_STEPS = (*FUNNEL, "add_payment_info", "purchase")
# Milliseconds before the wallet is chosen.
_BEFORE = {"view_item": 95_000, "add_to_cart": 41_000, "begin_checkout": 12_000}
_ONE_TAP = {"alipay": 0.2, "wechat_pay": 0.35}
# A thank-you page is loaded again; a phone sends twice.
_REPEATED = 0.02
_MIXPANEL_NAMES = {
    "view_item": "Product Viewed",
    "add_to_cart": "Product Added",
    "begin_checkout": "Checkout Started",
    "add_payment_info": "Payment Info Entered",
    "purchase": "Order Completed",
}


def write_exports(story: Story) -> Written:
    """The events of both tools by month; `planted` counts events by `source:step`, once each."""
    events = _events(story)
    files: list[FileTruth] = []
    planted: dict[str, float] = {}
    for source, frame in (
        ("ga4_events", events.filter(pl.col("channel") != "app")),
        ("mixpanel_events", events.filter(pl.col("channel") == "app")),
    ):
        for step, count in frame.group_by("step", maintain_order=True).len().sort("step").rows():
            planted[f"{source}:{step}"] = count
        files += _write_months(story, source, frame)
    return Written(files, planted)


def _events(story: Story) -> pl.DataFrame:
    """One row per event, by time: step, at (clock ms), visit, device, user_id, wallet, …"""
    rng = story.rng("behaviour")
    tries = story.attempt_rows().filter((pl.col("channel") != "pos") & _agreed(story))
    chance = tries["wallet"].replace_strict(_ONE_TAP, return_dtype=pl.Float64)
    tries = tries.with_columns(
        pl.Series("one_tap", rng.random(len(tries)) < chance.to_numpy()),
        pl.col("order").alias("visit"),
    )
    visits = tries.filter(pl.col("attempt") == 1)
    reaching = pl.concat([visits, *_abandoned(rng, visits, story)], how="diagonal_relaxed")
    early = [
        reaching.filter(pl.col("depth").fill_null(len(FUNNEL)) > at).with_columns(
            pl.lit(step).alias("step"), (pl.col("started_at") - _BEFORE[step]).alias("at")
        )
        for at, step in enumerate(FUNNEL)
    ]
    # Only the steps that choose or pay know of wallet, order and value.
    early = [frame.with_columns(wallet=None, order_no=None, one_tap=None) for frame in early]
    chosen = tries.with_columns(
        pl.lit("add_payment_info").alias("step"), pl.col("started_at").alias("at")
    )
    seen_paid = (pl.col("outcome") == "succeeded") & pl.col("is_paid")
    paid = tries.filter(seen_paid).with_columns(
        pl.lit("purchase").alias("step"), (pl.col("started_at") + pl.col("latency")).alias("at")
    )
    events = pl.concat([*early, chosen.with_columns(order_no=None), paid], how="diagonal_relaxed")
    inside = (pl.col("at") >= story.scenario.start_ms) & (pl.col("at") < story.scenario.end_ms)
    return events.filter(inside).sort("at", "visit", "step")


def _agreed(story: Story) -> pl.Expr:
    """Whether a device's owner agreed to be measured: the same answer on every visit."""
    return pl.col("device") * 40_503 % 2**16 < story.visitors_measured * 2**16


def _abandoned(rng: np.random.Generator, visits: pl.DataFrame, story: Story) -> list[pl.DataFrame]:
    """Visits that end before a wallet is chosen, as many as the planted funnel leaves there."""
    reached = float(len(visits))
    frames = []
    for depth, share in sorted(enumerate(FUNNEL.values(), start=1), reverse=True):
        size = round(reached / share - reached)
        reached += size
        picked = visits[rng.integers(0, len(visits), size)]
        moved = rng.integers(-3 * DAY_MS, 3 * DAY_MS, size)
        # An hour of room for the steps before; what is moved out at one end comes in at the other.
        earliest = story.scenario.start_ms + HOUR_MS
        length = story.scenario.end_ms - earliest
        begun = earliest + (picked["started_at"].to_numpy() + moved - earliest) % length
        first = 10_000_000 * depth
        frames.append(
            picked.with_columns(
                pl.Series("started_at", begun),
                pl.Series("visit", first + np.arange(size)),
                pl.lit(depth).alias("depth"),
            )
        )
    return frames


def _write_months(story: Story, source: str, events: pl.DataFrame) -> list[FileTruth]:
    files = []
    rng = story.rng(source)
    for first, after in story.scenario.months():
        day = pl.col("at").cast(pl.Datetime("ms")).dt.date()
        part = events.filter((day >= first) & (day < after))
        if part.is_empty():
            continue
        again = part.filter(
            (pl.col("step") == "purchase") & pl.Series(rng.random(len(part)) < _REPEATED)
        )
        is_ga4 = source == "ga4_events"
        frames = [part, again.with_columns(pl.col("at") + (90_000 if is_ga4 else 0))]
        rows = _ga4(pl.concat(frames)) if is_ga4 else _mixpanel(pl.concat(frames))
        buffer = io.BytesIO()
        rows.write_ndjson(buffer)
        folder, stem = ("ga4", "events") if is_ga4 else ("mixpanel", "raw_events")
        name = f"{folder}/{stem}_{first:%Y%m}.jsonl.gz"
        truth = FileTruth(name, source, "jsonl", first, after - timedelta(days=1), len(rows), {})
        files.append(story.write(name, packed(buffer.getvalue()), truth))
    return files


def _param(key: str, member: str, value: pl.Expr) -> pl.Expr:
    """One parameter as GA4 nests it, or null where there is no value."""
    types = {"string_value": pl.String, "int_value": pl.String, "double_value": pl.Float64}
    members = {
        name: value if name == member else pl.lit(None, kind) for name, kind in types.items()
    }
    inner = pl.struct(**members)
    return pl.when(value.is_not_null()).then(pl.struct(pl.lit(key).alias("key"), value=inner))


def _ga4(events: pl.DataFrame) -> pl.DataFrame:
    """Rows as `bq extract` writes them: integers as text, parameters as a list."""
    us, visitor = epoch_us(pl.col("at")), pl.format("{}.{}", pl.col("device"), pl.lit("17672"))
    params = pl.concat_list(
        _param("ga_session_id", "int_value", pl.col("visit").cast(pl.String)),
        _param("payment_type", "string_value", pl.col("wallet")),
        _param("one_tap", "int_value", pl.col("one_tap").cast(pl.Int64).cast(pl.String)),
        _param("transaction_id", "string_value", pl.col("order_no")),
        _param("value", "double_value", _yuan().cast(pl.Float64)),
        _param("currency", "string_value", pl.lit("CNY")),
    )
    return events.select(
        pl.col("at").cast(pl.Datetime("ms")).dt.to_string("%Y%m%d").alias("event_date"),
        us.cast(pl.String).alias("event_timestamp"),
        pl.col("step").alias("event_name"),
        pl.lit("1").alias("event_bundle_sequence_id"),
        pl.col("attempt").cast(pl.String).alias("batch_event_index"),
        params.list.drop_nulls().alias("event_params"),
        "user_id",
        visitor.alias("user_pseudo_id"),
        pl.struct(
            pl.lit("mobile").alias("category"),
            pl.col("os").alias("operating_system"),
            pl.col("language").str.to_lowercase(),
        ).alias("device"),
        pl.lit("4711").alias("stream_id"),
        pl.lit("WEB").alias("platform"),
    )


def _mixpanel(events: pl.DataFrame) -> pl.DataFrame:
    """Lines of the raw export; `time` is seconds UTC."""
    seconds = epoch_us(pl.col("at")) // 1_000_000
    properties = pl.struct(
        seconds.alias("time"),
        pl.format("device-{}", "device").alias("distinct_id"),
        pl.format("{}-{}-{}", "visit", "attempt", "step").alias("$insert_id"),
        (seconds * 1000 + 2_000).alias("mp_processing_time_ms"),
        pl.col("user_id").alias("$user_id"),
        pl.col("os").alias("$os"),
        pl.lit("app").alias("mp_lib"),
        "language",
        pl.col("wallet").alias("payment_method"),
        "one_tap",
        pl.col("order_no").alias("order_id"),
        _yuan().alias("amount"),
        pl.lit("CNY").alias("currency"),
    )
    return events.select(
        pl.col("step").replace_strict(_MIXPANEL_NAMES).alias("event"),
        properties.alias("properties"),
    )


def _yuan() -> pl.Expr:
    """Cents as yuan in text; polars keeps one type per struct member."""
    return (pl.col("amount").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)).cast(pl.String)
