"""Tickets, survey answers, security events and fee plans of the simulated merchant.

What belongs here: what customers and the sign-in service leave behind, in the merchant's own
contracts. What does not: the orders and attempts that are the reason.
"""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.simulate.scenario import HOUR_MS
from pipelines.simulate.story import Story, Written, iso
from pipelines.simulate.truth import FileTruth

_TICKET_SHARE = {"failed": 0.06, "unknown": 0.25, "succeeded": 0.002}
_TOPICS = {"failed": "payment_failed", "unknown": "charged_or_not", "succeeded": "other"}
_ANSWER_SHARE = 0.03
# Median minutes to the first answer by channel: planted, so that a report has something to find.
FIRST_RESPONSE_MINUTES = {"chat": 4, "phone": 2, "email": 190}
_FEE_PLANS = """\
fee_plan_id,provider,wallet,currency,percentage,valid_from
merchant_contract,alipay,alipay,CNY,0.6,{start}
merchant_contract,wechat_pay,wechat_pay,CNY,0.6,{start}
"""


def write_exports(story: Story) -> Written:
    """One file of each contract; `planted` counts their rows, promoters and detractors."""
    attempts = story.attempt_rows()
    tickets, answers, events = (
        _tickets(story, attempts),
        _answers(story, attempts),
        _security(story, attempts),
    )
    plans = _FEE_PLANS.format(start=story.scenario.start).encode()
    files = [
        _write(story, "service/tickets.csv", "support_tickets", _csv(tickets), len(tickets)),
        _write(story, "service/feedback.csv", "survey_feedback", _csv(answers), len(answers)),
        _write(story, "security/events.jsonl", "security_events",
               events.write_ndjson().encode(), len(events)),
        _write(story, "fees/fee_plans.csv", "fee_plans", plans, plans.count(b"\n") - 1),
    ]  # fmt: skip
    score = answers["score"]
    return Written(
        files,
        {
            "tickets": len(tickets),
            "answers": len(answers),
            "promoters": int((score >= 9).sum()),
            "detractors": int((score <= 6).sum()),
            "security_events": len(events),
        },
    )


def _write(story: Story, name: str, source: str, data: bytes, rows: int) -> FileTruth:
    scenario = story.scenario
    last = scenario.end - timedelta(days=1)
    return story.write(
        name, data, FileTruth(name, source, "contract", scenario.start, last, rows, {})
    )


def _csv(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer)
    return buffer.getvalue()


def _tickets(story: Story, attempts: pl.DataFrame) -> pl.DataFrame:
    rng = story.rng("tickets")
    share = attempts["outcome"].replace_strict(_TICKET_SHARE, return_dtype=pl.Float64).to_numpy()
    rows = attempts.filter(pl.Series(rng.random(len(attempts)) < share))
    channel = rng.choice(list(FIRST_RESPONSE_MINUTES), len(rows), p=[0.6, 0.15, 0.25])
    median = np.vectorize(FIRST_RESPONSE_MINUTES.get, otypes=[float])(channel)
    first = (median * 60_000 * rng.lognormal(0, 0.6, len(rows))).astype(np.int64)
    solved = first + (HOUR_MS * rng.lognormal(1.0, 1.0, len(rows))).astype(np.int64)
    opened = rows["started_at"] + rng.integers(60_000, 6 * HOUR_MS, len(rows))
    frame = rows.with_columns(
        opened.alias("opened"), pl.Series("first", first), pl.Series("solved", solved)
    )
    is_solved = pl.Series(rng.random(len(rows)) < 0.93)
    return frame.select(
        pl.format("T{}", pl.int_range(pl.len()) + 1).alias("ticket_id"),
        iso(pl.col("opened")).alias("created_at"),
        pl.col("outcome").replace_strict(_TOPICS).alias("topic"),
        pl.when(is_solved).then(pl.lit("resolved")).otherwise(pl.lit("open")).alias("status"),
        iso(pl.col("opened") + pl.col("first")).alias("first_response_at"),
        pl.when(is_solved).then(iso(pl.col("opened") + pl.col("solved"))).alias("resolved_at"),
        pl.Series("channel", channel),
        pl.col("order_no").alias("merchant_order_id"),
        "user_id",
        "wallet",
        "language",
    )


def _answers(story: Story, attempts: pl.DataFrame) -> pl.DataFrame:
    """NPS after a payment: those whose first attempt failed are less pleased."""
    rng = story.rng("answers")
    paid = attempts.filter(pl.col("outcome") == "succeeded")
    rows = paid.filter(pl.Series(rng.random(len(paid)) < _ANSWER_SHARE))
    mood = np.where(rows["attempt"].to_numpy() > 1, 6.0, 8.6)
    score = np.clip(np.rint(rng.normal(mood, 1.6)), 0, 10).astype(int)
    return rows.select(
        pl.format("F{}", pl.int_range(pl.len()) + 1).alias("feedback_id"),
        iso(pl.col("started_at") + HOUR_MS).alias("answered_at"),
        pl.lit("nps").alias("survey"),
        pl.Series("score", score),
        pl.lit(10).alias("scale_max"),
        "wallet",
        pl.col("order_no").alias("merchant_order_id"),
        "user_id",
        "channel",
        "language",
    )


def _security(story: Story, attempts: pl.DataFrame) -> pl.DataFrame:
    """A request and an answer for every second-factor check of the log, and new devices."""
    asked = attempts.filter(pl.col("step_up") != "none")
    result = pl.format("step_up_{}", pl.col("step_up"))
    parts = [
        asked.with_columns(
            pl.lit("step_up_requested").alias("event"), pl.lit("sms").alias("method")
        ),
        asked.with_columns(
            result.alias("event"),
            pl.lit("sms").alias("method"),
            (pl.col("started_at") + 9_000).alias("started_at"),
        ),
        attempts.filter(pl.col("is_new_device") & (pl.col("attempt") == 1)).with_columns(
            pl.lit("new_device").alias("event"),
            pl.lit(None, pl.String).alias("method"),
            (pl.col("started_at") - 60_000).alias("started_at"),
        ),
    ]
    rows = pl.concat(parts).sort("started_at", "order", "event")
    block = pl.col("device") % 40_000
    return rows.select(
        pl.format("E{}", pl.int_range(pl.len()) + 1).alias("security_event_id"),
        iso(pl.col("started_at")).alias("occurred_at"),
        "event",
        "user_id",
        # As the attempt log names it.
        pl.format("d{}", pl.col("device") * 40_503 % 2**32).alias("device_id"),
        pl.format("10.{}.{}.7", block // 256, block % 256).alias("ip"),
        pl.lit("CN").alias("country"),
        pl.col("order_no").alias("merchant_order_id"),
        "method",
        "wallet",
    )
