"""What the data says, in one or two plain sentences per figure, in any language of the catalogue.

What belongs here: choosing what is worth saying and refusing to say more than the sample allows.
What does not: failures (`failure_readings`), the texts themselves (`locales/`), drawing, HTML.

Every function takes the data and the words of one language and returns a sentence, also when there
is nothing to show. A difference is only called one when its interval allows it.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.reports.data import NAMED_HOUR, SMALL_SAMPLE, ReportData, month_totals
from pipelines.reports.failure_readings import top_cause
from pipelines.reports.intervals import differ, wilson
from pipelines.reports.words import Words
from pipelines.warehouse.metric_ratios import ratio

_SLIPPING = ["at_risk", "cant_lose", "about_to_sleep", "need_attention"]


def headline(data: ReportData, words: Words) -> str:
    """The page's one-sentence finding: success, the segment worth most, the main cause."""
    totals = month_totals(data, data.month)
    if not totals or not (totals["orders"] or totals["captured_amount"]):
        known = data.has_attempt_log or data.has_bills
        return words.text("reading.headline_withheld" if known else "reading.headline_empty")
    month = words.month(data.month)
    if not totals["orders"]:
        amount = words.money(totals["captured_amount"], data.currency)
        key = "headline_amount_only" if data.has_attempt_log else "headline_amount"
        return words.text(f"reading.{key}", month=month, amount=amount)
    if totals["orders"] < SMALL_SAMPLE:
        counts = {name: words.number(totals[name]) for name in ("orders_succeeded", "orders")}
        return words.text("reading.headline_small", month=month, **counts)
    rate = words.percent(ratio("order_success_rate").of(totals))
    cause = top_cause(data)
    users, net = data.segments.select(pl.col("users", "share_of_net_amount").sum()).row(0)
    top = data.segments.sort("share_of_net_amount", descending=True, nulls_last=True)
    top = next(top.drop_nulls("share_of_users").iter_rows(named=True), None)
    if cause is None or users < SMALL_SAMPLE or not net or top is None:
        return words.text("reading.headline_rate", month=month, rate=rate)
    return words.text(
        "reading.headline",
        month=month,
        rate=rate,
        segment=words.label("segment", top["lifecycle_segment"]),
        users=words.percent(top["share_of_users"], 0),
        net=words.percent(top["share_of_net_amount"] or 0, 0),
        cause=words.in_sentence(words.label("cause", cause[0])),
        share=words.percent(cause[1], 0),
    )


def segments(data: ReportData, words: Words) -> str:
    """Who brings the money and how much of it is about to leave."""
    if data.segments.is_empty():
        return words.text("reading.segments_empty")
    if not data.segments["net_amount"].sum():
        return words.text("reading.segments_no_amount")
    top = data.segments.sort("net_amount", descending=True, nulls_last=True).row(0, named=True)
    if top["share_of_users"] is None or top["share_of_net_amount"] is None:
        return words.sentences(
            words.text(
                "reading.segments_amount",
                top=words.label("segment", top["lifecycle_segment"]),
                net=words.money(top["net_amount"], data.currency),
                users=words.number(top["users"]),
            ),
            words.text("reading.shares_withheld"),
        )
    slipping = data.segments.filter(pl.col("lifecycle_segment").is_in(_SLIPPING))
    sentence = words.text(
        "reading.segments",
        top=words.label("segment", top["lifecycle_segment"]),
        net=words.percent(top["share_of_net_amount"]),
        users=words.percent(top["share_of_users"]),
    )
    if slipping.is_empty():
        # A segment that is not shown may be empty or too small to publish: neither is 0 %.
        return sentence
    note = words.text(
        "reading.segments_slipping",
        slipping=words.percent(slipping["share_of_users"].sum()),
        slipping_net=words.percent(slipping["share_of_net_amount"].sum()),
    )
    return words.sentences(sentence, note)


def segment_cards(data: ReportData, words: Words) -> str:
    """Why a user moves between segments."""
    empty = data.segments.is_empty()
    return words.text("reading.segments_empty" if empty else "reading.segment_cards")


def clusters(data: ReportData, words: Words) -> str:
    """How many behaviour groups there are and which is the largest."""
    if data.clusters.is_empty():
        return words.text("reading.clusters_empty")
    largest = data.clusters.row(0, named=True)
    traits = str(largest["cluster_name"]).split(" + ")
    told = {
        "n": words.number(data.clusters.height),
        "name": " + ".join(words.label("trait", trait) for trait in traits),
    }
    if largest["share_of_users"] is None:
        return words.sentences(
            words.text("reading.clusters_count", users=words.number(largest["users"]), **told),
            words.text("reading.shares_withheld"),
        )
    return words.text("reading.clusters", users=words.percent(largest["share_of_users"]), **told)


def wallets(data: ReportData, words: Words, month: date) -> str:
    """Best against worst wallet of a month, called equal when chance alone can explain it."""
    counts = (
        data.wallets.filter(pl.col("month") == month)
        .group_by("wallet")
        .agg(pl.col("orders", "orders_succeeded").sum())
        .filter(pl.col("orders") >= SMALL_SAMPLE)
        .with_columns(ratio("order_success_rate").expression().alias("rate"))
        .sort("rate", "wallet", descending=[True, False])
    )
    if data.wallets.is_empty():
        return no_wallets(data, words)
    if counts.is_empty():
        return words.text("reading.wallets_small", month=words.month(month))
    best, worst = counts.row(0, named=True), counts.row(-1, named=True)
    values = {
        "month": words.month(month),
        "best": words.label("wallet", best["wallet"]),
        "best_rate": words.percent(best["rate"]),
        "worst": words.label("wallet", worst["wallet"]),
        "worst_rate": words.percent(worst["rate"]),
        "difference": words.points(best["rate"] - worst["rate"]),
    }
    if counts.height == 1:
        return words.text("reading.wallets_one", **values)
    pairs = [(row["orders_succeeded"], row["orders"]) for row in (best, worst)]
    return words.text(
        "reading.wallets_best" if differ(*pairs) else "reading.wallets_close", **values
    )


def no_wallets(_: ReportData, words: Words) -> str:
    """Said when no month has payments of enough people."""
    return words.text("reading.wallets_empty")


def daily(data: ReportData, words: Words) -> str:
    """The last week against the four weeks before it."""
    if data.daily.is_empty():
        return words.text("reading.daily_empty")
    last = data.daily["business_date"].max()
    week = last - timedelta(days=7)
    days = pl.col("business_date")
    rate = ratio("attempt_success_rate")
    recent = rate.added(data.daily.filter(days > week))
    before = rate.added(data.daily.filter(days.is_between(week - timedelta(days=27), week)))
    note = words.text("reading.daily_note")
    if recent[1] < SMALL_SAMPLE:
        return note
    values = {"recent": words.percent(recent[0] / recent[1])}
    if before[1] < SMALL_SAMPLE:
        return words.sentences(words.text("reading.daily_short", **values), note)
    change = recent[0] / recent[1] - before[0] / before[1]
    key = "daily_same" if not differ(recent, before) else "daily_up" if change > 0 else "daily_down"
    values |= {
        "difference": words.points(change),
        "before": words.percent(before[0] / before[1]),
    }
    return words.sentences(words.text(f"reading.{key}", **values), note)


def hours(data: ReportData, words: Words) -> str:
    """The hour that fails most, if one clearly does, and the busiest one."""
    rows = (
        data.hourly.group_by("local_hour")
        .agg(pl.col("attempts", "succeeded", "failed").sum())
        .with_columns(
            (pl.col("succeeded") + pl.col("failed")).alias("resolved"),
            ratio("failure_rate").expression().alias("rate"),
        )
        .filter(pl.col("resolved") > 0)
    )
    if rows.is_empty():
        return words.text("reading.hours_empty")
    overall = ratio("failure_rate").over(rows)
    rows = rows.filter(pl.col("resolved") >= NAMED_HOUR)
    if rows.is_empty():
        values = {"least": words.number(NAMED_HOUR), "rate": words.percent(overall)}
        return words.text("reading.hours_small", **values)
    busy = rows.sort("attempts", "local_hour", descending=[True, False])["local_hour"][0]
    worst = rows.sort("rate", "local_hour", descending=[True, False]).row(0, named=True)
    low, _ = wilson(worst["failed"], worst["resolved"], comparisons=rows.height)
    stands_out = low > overall
    return words.text(
        "reading.hours_high" if stands_out else "reading.hours_flat",
        hour=f"{worst['local_hour']:02d}:00",
        rate=words.percent(worst["rate"] if stands_out else overall),
        busy=f"{busy:02d}:00",
    )


def latency(data: ReportData, words: Words) -> str:
    """The slowest hour and wallet by the 95th percentile, if there are hours to compare."""
    if data.hourly.is_empty():
        return words.text("reading.hours_empty")
    timed = data.hourly.drop_nulls("latency_p95_ms")
    if timed.is_empty():
        return words.text("reading.latency_empty")
    rows = timed.filter(pl.col("attempts") >= NAMED_HOUR)
    rows = rows.sort("latency_p95_ms", "local_hour", descending=[True, False])
    if rows.height < 2:
        return words.text("reading.latency_small", least=words.number(NAMED_HOUR))
    row = rows.row(0, named=True)
    return words.text(
        "reading.latency",
        hour=f"{row['local_hour']:02d}:00",
        wallet=words.label("wallet", row["wallet"]),
        p50=words.number(row["latency_p50_ms"]),
        p95=words.number(row["latency_p95_ms"]),
    )
