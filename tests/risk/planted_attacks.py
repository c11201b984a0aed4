"""A simulated merchant's marts with attacks planted in them, and which cases each attack is.

The merchant is that of `pipelines.simulate`, brought into the columns of the marts without files
and dbt, so that a million attempts are made in seconds. Attacks are rows added afterwards: nothing
of what the rules look for is taken from the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import polars as pl

from pipelines.simulate.attempt_log import log_rows
from pipelines.simulate.attempts import play_attempts
from pipelines.simulate.orders import draw_orders
from pipelines.simulate.payments import draw_payments
from pipelines.simulate.population import draw_users
from pipelines.simulate.refunds import draw_refunds
from pipelines.simulate.scenario import DAY_MS, HOUR_MS, UTC_OFFSET_MS, build_scenario

MINUTE_MS = 60_000
OPERATORS = 12
_ATTEMPT_COLUMNS = {
    "attempt": pl.String,
    "order": pl.String,
    "user": pl.String,
    "device": pl.String,
    "wallet": pl.String,
    "channel": pl.String,
    "region": pl.String,
    "bank": pl.String,
    "amount": pl.Float64,
    "clock": pl.Int64,
    "outcome": pl.String,
    "is_new_device": pl.Boolean,
    "step_up": pl.String,
    "block": pl.String,
    "attack": pl.String,
}
_REFUND_COLUMNS = {
    "refund": pl.String,
    "order": pl.String,
    "user": pl.String,
    "operator": pl.String,
    "amount": pl.Float64,
    "clock": pl.Int64,
    "attack": pl.String,
}


@dataclass(frozen=True)
class Merchant:
    """Everyday rows, before they become marts: attempts, refunds, first and last day (clock ms)."""

    attempts: pl.DataFrame
    refunds: pl.DataFrame
    start_ms: int
    end_ms: int


def everyday_merchant(attempts: int, seed: int, months: int = 3) -> Merchant:
    """The merchant without attacks: about `attempts` attempts and the refunds of their payments."""
    scenario = build_scenario(seed, date(2026, 1, 1), months, (), True)
    rng = np.random.default_rng(seed)
    users = draw_users(rng, round(attempts / 1.061), scenario)
    orders = draw_orders(rng, users, scenario)
    played = play_attempts(rng, orders, scenario)
    payments = draw_payments(rng, orders, played, users, scenario)
    refunds = draw_refunds(rng, payments, scenario)
    # A home or a phone network per user: some are shared by hundreds.
    blocks = rng.zipf(1.6, len(users)) % 3_000
    log = log_rows(orders, played, users).filter(~pl.col("is_test"))
    rows = log.select(
        pl.col("attempt_id").alias("attempt"),
        pl.col("merchant_order_id").alias("order"),
        pl.col("user_id").alias("user"),
        pl.col("device_id").alias("device"),
        "wallet",
        "channel",
        "region",
        "bank",
        pl.col("amount").cast(pl.Float64),
        pl.col("started_at").alias("clock"),
        "outcome",
        "is_new_device",
        "step_up",
    ).with_columns(attack=pl.lit(None, pl.String))
    homes = pl.DataFrame(
        {"user": users["user_id"], "block": pl.Series(blocks).cast(pl.String)}
    ).with_columns(pl.format("block {}", "block").alias("block"))
    rows = rows.join(homes, on="user", how="left", maintain_order="left")
    kept = ~refunds["is_orphan"]
    order_users = rows.group_by("order").agg(pl.col("user").first())
    back = pl.DataFrame(
        {
            "order": payments["order_no"].gather(refunds["payment"]),
            "amount": refunds["requested"] / 100,
            "clock": refunds["accepted_at"],
        }
    ).filter(kept)
    back = back.join(order_users, on="order", how="left", maintain_order="left").with_columns(
        refund=pl.format("refund {}", pl.int_range(pl.len())),
        operator=pl.format("operator {}", rng.integers(0, OPERATORS, len(back))),
        attack=pl.lit(None, pl.String),
    )
    return Merchant(
        _shaped(rows, _ATTEMPT_COLUMNS), _shaped(back, _REFUND_COLUMNS), scenario.start_ms,
        scenario.end_ms,
    )  # fmt: skip


def plant_attacks(merchant: Merchant, seed: int, scale: int = 1) -> Merchant:
    """The same merchant under attack; `scale` multiplies the number of attackers."""
    rng = np.random.default_rng([seed, 7])
    rows = [
        merchant.attempts,
        *(_testing_burst(rng, merchant, number) for number in range(6 * scale)),
        _takeovers(rng, merchant, 20 * scale),
        _shared_devices(rng, merchant, 3 * scale),
        _device_farm(rng, merchant, 3 * scale),
        _dormant(rng, merchant, 5 * scale),
    ]
    bought, abused = _refund_abusers(rng, merchant, 5 * scale)
    attempts = pl.concat([*rows, bought])
    refunds = pl.concat([merchant.refunds, abused, _operator_fraud(rng, merchant, 2 * scale)])
    return Merchant(attempts, refunds, merchant.start_ms, merchant.end_ms)


def _shaped(frame: pl.DataFrame, columns: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(c) for c, dtype in columns.items() if c not in frame]
    return frame.with_columns(missing).select(pl.col(c).cast(t) for c, t in columns.items())


def _frame(rows: list[dict]) -> pl.DataFrame:
    return _shaped(pl.DataFrame(rows, infer_schema_length=None), _ATTEMPT_COLUMNS)


def _moment(rng: np.random.Generator, merchant: Merchant, from_day: int = 14) -> int:
    """Some moment of some day, not in the first two weeks: no rule knows anything then."""
    day = rng.integers(from_day, (merchant.end_ms - merchant.start_ms) // DAY_MS - 1)
    return int(merchant.start_ms + day * DAY_MS + rng.integers(1, 22) * HOUR_MS)


def _testing_burst(rng: np.random.Generator, merchant: Merchant, number: int) -> pl.DataFrame:
    """Forty small payments within 15 minutes: of one device, of one block that changes the device
    every third time, or of one new account.
    """
    size, start = int(rng.integers(30, 50)), _moment(rng, merchant)
    kind = ("device", "block", "account")[number % 3]
    rows = []
    for at in np.sort(rng.integers(0, 15 * MINUTE_MS, size)):
        place = len(rows)
        rows.append(
            {
                "attempt": f"testing {number} {place}",
                "order": f"testing order {number} {place}",
                "user": f"tester {number}" if kind == "account" else None,
                "device": f"tester {number} {0 if kind == 'device' else place // 3}",
                "block": f"tester block {number} {place // 3 if kind == 'account' else 0}",
                "wallet": "alipay",
                "channel": "web",
                "amount": float(rng.integers(100, 900)) / 100,
                "clock": start + int(at),
                "outcome": "succeeded" if rng.random() < 0.15 else "failed",
                "is_new_device": place == 0,
                "step_up": "none",
                "attack": "testing_burst",
            }
        )
    return _frame(rows)


def _takeovers(rng: np.random.Generator, merchant: Merchant, size: int) -> pl.DataFrame:
    """A regular user's account, from a new device: two or three large payments in an hour.

    Every other one from the far west within an hour of the owner's own payment.
    """
    paid = merchant.attempts.filter(
        pl.col("user").is_not_null()
        & (pl.col("outcome") == "succeeded")
        & (pl.col("clock") > merchant.start_ms + 14 * DAY_MS)
        & pl.col("region").is_in(["CN-XJ", "CN-GS", "CN-QH"]).not_()
    )
    regular = paid.group_by("user").agg(pl.len()).filter(pl.col("len") >= 5)["user"].sort()
    chosen = rng.choice(regular.to_numpy(), min(size, len(regular)), replace=False)
    last = paid.group_by("user").agg(pl.all().sort_by("clock").last())
    rows = []
    for number, user in enumerate(chosen):
        owner = last.row(by_predicate=pl.col("user") == user, named=True)
        travels = number % 2 == 0
        start = owner["clock"] + int(rng.integers(20, 55)) * MINUTE_MS
        for step in range(int(rng.integers(2, 4))):
            rows.append(
                {
                    "attempt": f"takeover {number} {step}",
                    "order": f"takeover order {number} {step}",
                    "user": user,
                    "device": f"thief {number}",
                    "block": f"thief block {number}",
                    "region": "CN-XJ" if travels else owner["region"],
                    "wallet": owner["wallet"],
                    "channel": "app",
                    "bank": owner["bank"],
                    "amount": float(np.round(rng.uniform(900, 6_000), 2)),
                    "clock": start + step * int(rng.integers(2, 15)) * MINUTE_MS,
                    "outcome": "succeeded" if rng.random() < 0.75 else "failed",
                    "is_new_device": step == 0,
                    "step_up": "none" if rng.random() < 0.9 else "failed",
                    "attack": "account_takeover",
                }
            )
    return _frame(rows)


def _shared_devices(rng: np.random.Generator, merchant: Merchant, size: int) -> pl.DataFrame:
    """Nine accounts of one device within ten days: one person taking the discount of new users."""
    rows = []
    for number in range(size):
        start = _moment(rng, merchant)
        for person in range(9):
            rows.append(
                {
                    "attempt": f"shared {number} {person}",
                    "order": f"shared order {number} {person}",
                    "user": f"sock puppet {number} {person}",
                    "device": f"shared device {number}",
                    "wallet": "alipay",
                    "channel": "app",
                    "region": "CN-GD",
                    "amount": float(np.round(rng.uniform(20, 60), 2)),
                    "clock": min(start + int(rng.integers(0, 10 * DAY_MS)), merchant.end_ms - 1),
                    "outcome": "succeeded",
                    "is_new_device": person == 0,
                    "step_up": "none",
                    "attack": "shared_device",
                }
            )
    return _frame(rows)


def _device_farm(rng: np.random.Generator, merchant: Merchant, size: int) -> pl.DataFrame:
    """One account from twelve devices within a week."""
    rows = []
    for number in range(size):
        start = _moment(rng, merchant)
        for step in range(12):
            rows.append(
                {
                    "attempt": f"farm {number} {step}",
                    "order": f"farm order {number} {step}",
                    "user": f"farmer {number}",
                    "device": f"farm device {number} {step}",
                    "wallet": "wechat_pay",
                    "channel": "app",
                    "region": "CN-ZJ",
                    "amount": float(np.round(rng.uniform(20, 200), 2)),
                    "clock": min(start + int(rng.integers(0, 7 * DAY_MS)), merchant.end_ms - 1),
                    "outcome": "succeeded",
                    "is_new_device": True,
                    "step_up": "passed",
                    "attack": "device_farm",
                }
            )
    return _frame(rows)


def _dormant(rng: np.random.Generator, merchant: Merchant, size: int) -> pl.DataFrame:
    """Old accounts bought from a list: a small payment long ago, then a large one."""
    rows = []
    for number in range(size):
        for step, (at, amount) in enumerate(
            [
                (merchant.start_ms + int(rng.integers(0, 5 * DAY_MS)), 30.0),
                (
                    merchant.end_ms - int(rng.integers(1, 5 * DAY_MS)),
                    float(rng.integers(900, 3000)),
                ),
            ]
        ):
            rows.append(
                {
                    "attempt": f"dormant {number} {step}",
                    "order": f"dormant order {number} {step}",
                    "user": f"sleeper {number}",
                    "device": f"sleeper device {number}",
                    "wallet": "alipay",
                    "channel": "app",
                    "region": "CN-SD",
                    "amount": amount,
                    "clock": at,
                    "outcome": "succeeded",
                    "is_new_device": False,
                    "step_up": "passed",
                    "attack": "dormant_account" if step else None,
                }
            )
    return _frame(rows)


def _refund_abusers(
    rng: np.random.Generator, merchant: Merchant, size: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fifteen orders in two months each, three in four given back within days."""
    bought, back = [], []
    for number in range(size):
        start = merchant.start_ms + int(rng.integers(0, 20)) * DAY_MS
        for step in range(15):
            at = start + step * 4 * DAY_MS + int(rng.integers(9, 20)) * HOUR_MS
            amount = float(np.round(rng.uniform(60, 500), 2))
            is_back = rng.random() < 0.75
            row = {
                "attempt": f"abuser {number} {step}",
                "order": f"abuser order {number} {step}",
                "user": f"abuser {number}",
                "device": f"abuser device {number}",
                "wallet": "wechat_pay",
                "channel": "app",
                "region": "CN-SH",
                "amount": amount,
                "clock": at,
                "outcome": "succeeded",
                "is_new_device": step == 0,
                "step_up": "none",
                "attack": "refund_abuse" if is_back else None,
            }
            bought.append(row)
            if is_back:
                back.append(
                    {
                        "refund": f"abuse {number} {step}",
                        "order": row["order"],
                        "user": row["user"],
                        "operator": f"operator {rng.integers(0, OPERATORS)}",
                        "amount": amount,
                        "clock": min(at + int(rng.integers(1, 60)) * HOUR_MS, merchant.end_ms - 1),
                        "attack": "refund_abuse",
                    }
                )
    return _frame(bought), _shaped(pl.DataFrame(back), _REFUND_COLUMNS)


def _operator_fraud(rng: np.random.Generator, merchant: Merchant, size: int) -> pl.DataFrame:
    """In one week an operator gives back thirty payments that nobody asked back."""
    # Others refund so many a week as the merchant is large: a fraud is on top of that.
    weeks = (merchant.end_ms - merchant.start_ms) / (7 * DAY_MS)
    usual = len(merchant.refunds) / weeks / OPERATORS
    taken = round(max(30, 3 * usual))
    free = merchant.attempts.filter(
        (pl.col("outcome") == "succeeded")
        & pl.col("order").is_in(merchant.refunds["order"].implode()).not_()
    ).unique("order", keep="first", maintain_order=True)
    rows = []
    for number in range(size):
        week = int(rng.integers(4, int(weeks) - 1))
        begins = merchant.start_ms + (week * 7 + 4) * DAY_MS  # 1 January 2026 is a Thursday
        before = free.filter(pl.col("clock") < begins).tail(40 * taken)
        for place, row in enumerate(before.sample(taken, seed=number).iter_rows(named=True)):
            rows.append(
                {
                    "refund": f"stolen {number} {place}",
                    "order": row["order"],
                    "user": row["user"],
                    "operator": f"operator {number}",
                    "amount": row["amount"],
                    "clock": begins + int(rng.integers(9, 7 * 24 - 9)) * HOUR_MS,
                    "attack": "operator_fraud",
                }
            )
    return _shaped(pl.DataFrame(rows), _REFUND_COLUMNS)


def merchant_of(attempts: list[dict], refunds: list[dict] | None = None) -> Merchant:
    """A merchant of hand-written rows; what a row leaves out is NULL."""
    frame = _frame(attempts)
    back = pl.DataFrame(refunds or [], infer_schema_length=None)
    return Merchant(
        frame, _shaped(back, _REFUND_COLUMNS), int(frame["clock"].min()), int(frame["clock"].max())
    )


def write_marts(con: duckdb.DuckDBPyConnection, merchant: Merchant) -> None:
    """Fill a fresh database: the marts that the room reads, and `truth` (case_key, attack).

    Every succeeded attempt is a capture, a refund's case is the attempt that paid.
    """
    con.register("attempts", merchant.attempts.to_arrow())
    con.register("refunds", merchant.refunds.to_arrow())
    con.execute("create schema if not exists marts")
    utc = f"make_timestamp((clock - {UTC_OFFSET_MS}) * 1000)"
    key = "case when {0} is not null then md5({0})::uuid end"
    con.execute(
        f"""
        create table marts.fct_payment_attempts as
        select
            md5(attempt)::uuid as attempt_key, md5("order")::uuid as order_key,
            {key.format('"user"')} as user_key, 'subject' as user_key_scope,
            {key.format("device")} as device_key, wallet as provider, wallet, channel, region, bank,
            amount::decimal(18, 4) as amount, 'CNY' as currency,
            case when amount < 50 then '0-50' when amount < 200 then '50-200' else '200+' end
                as amount_band, {utc} as attempted_at,
            make_timestamp(clock * 1000)::date as business_date,
            hour(make_timestamp(clock * 1000)) as local_hour,
            outcome, outcome as resolved_outcome, is_new_device, step_up, false as is_test
        from attempts
        """
    )
    con.execute(
        f"""
        create table marts.fct_security_events as
        select
            md5(attempt || 'event')::uuid as security_event_key, {key.format('"user"')} as user_key,
            {key.format("device")} as device_key, md5(block)::uuid as ip_block_key,
            md5("order")::uuid as order_key, 'sign_in' as event, 'CN' as country,
            {utc} - interval 30 seconds as occurred_at, false as is_test
        from attempts where block is not null
        """
    )
    con.execute(
        """
        create table marts.fct_captures as
        select
            md5('capture' || attempt_key)::uuid as capture_key, order_key, user_key, provider,
            wallet, amount, currency, attempted_at as captured_at, business_date, is_test
        from marts.fct_payment_attempts where resolved_outcome = 'succeeded'
        """
    )
    con.execute(
        f"""
        create table marts.fct_refunds as
        select
            md5(refund)::uuid as refund_key, captures.capture_key, md5(refunds."order")::uuid
                as order_key, {key.format('refunds."user"')} as user_key,
            coalesce(captures.provider, 'alipay') as provider,
            coalesce(captures.wallet, 'alipay') as wallet,
            null::timestamp as requested_at, {utc} as accepted_at, null::timestamp as completed_at,
            make_timestamp(clock * 1000)::date as business_date, captures.captured_at,
            'succeeded' as refund_status, refunds.amount::decimal(18, 4) as requested_amount,
            'CNY' as currency, md5(operator)::uuid as operator_key, false as is_test
        from refunds
        left join marts.fct_captures as captures on md5(refunds."order")::uuid = captures.order_key
        qualify row_number() over (partition by refund order by captures.captured_at desc) = 1
        """
    )
    con.execute(
        """
        create table marts.fct_disputes (
            order_key uuid, opened_at timestamp, business_date date, dispute_reason varchar,
            is_test boolean
        )
        """
    )
    con.execute(
        """
        create table marts.fct_dispositions (
            case_key uuid, disposition varchar, decided_at timestamp
        )
        """
    )
    con.execute(
        """
        create table truth as
        select md5(attempt)::uuid as case_key, attack from attempts where attack is not null
        union
        select paid.attempt_key, refunds.attack
        from refunds
        inner join marts.fct_payment_attempts as paid
            on md5(refunds."order")::uuid = paid.order_key and paid.resolved_outcome = 'succeeded'
        where refunds.attack is not null
        """
    )
    con.unregister("attempts")
    con.unregister("refunds")
