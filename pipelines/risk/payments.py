"""What the rules look at: one row per payment attempt with its device, address and place.

What belongs here: the temporary tables that all rules share, and the merchant's own measure of
large. What does not: any rule.

An attempt log has no network address; the block of addresses comes from the sign-in service's
events, of the same order or else of the same device within the day before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class RiskRules:
    """A merchant's thresholds; the parts of `Settings` that this room reads.

    Attributes:
        large_quantile: amounts at or above this quantile of paid amounts are large, per currency.
        quantile: counts above this quantile of the merchant's own daily peaks are unusual.
        currency: the reporting currency; sums of money cover this one only.
        alerts_per_day: cases a day that reviewers can look at.
        label_delay_days: after so many days a payment that nobody called fraud counts as genuine.
        minimum_labels: confirmed cases needed before a model may order the queue.
        seed: of every random choice.
    """

    large_quantile: float = 0.95
    quantile: float = 0.999
    currency: str = "CNY"
    alerts_per_day: int = 100
    label_delay_days: int = 7
    minimum_labels: int = 300
    seed: int = 20260101

    @property
    def very_large_quantile(self) -> float:
        """Quantile with a fifth of what is large above it: .95 becomes .99."""
        return 1 - (1 - self.large_quantile) / 5

    @property
    def days_for_quantile(self) -> int:
        """Daily peaks needed for the quantile: ten lie above it, so that no one burst sets it."""
        return round(10 / (1 - self.quantile))


def prepare_payments(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> int:
    """Create the temporary tables `risk_amounts` and `risk_payments`; returns the attempts."""
    _prepare_amounts(con, rules)
    _prepare_attempts(con)
    return con.execute("select count(*) from risk_payments").fetchall()[0][0]


def _prepare_amounts(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> None:
    """`risk_amounts`, one row per currency: large_amount, very_large_amount, median_amount paid."""
    con.execute(
        f"""
        create or replace temporary table risk_amounts as
        select
            currency,
            quantile_cont(amount::double, {rules.large_quantile}) as large_amount,
            quantile_cont(amount::double, {rules.very_large_quantile}) as very_large_amount,
            median(amount::double) as median_amount
        from marts.fct_payment_attempts
        where not coalesce(is_test, false) and amount > 0 and resolved_outcome = 'succeeded'
        group by currency
        """
    )


def _prepare_attempts(con: duckdb.DuckDBPyConnection) -> None:
    """`risk_payments`, one row per attempt of a positive amount outside test traffic.

    The columns of `marts.fct_payment_attempts` that the rules read, ip_block_key, is_new (first
    payment of this user on this device, or within its first day), and the three amounts of its
    currency.
    """
    con.execute(
        """
        create or replace temporary table risk_payments as
        with events as (
            select order_key, device_key, ip_block_key, occurred_at
            from marts.fct_security_events
            where ip_block_key is not null and not coalesce(is_test, false)
        ),
        order_blocks as (
            select
                order_key, max_by(ip_block_key, row(occurred_at, ip_block_key)) as ip_block_key
            from events where order_key is not null group by order_key
        ),
        device_blocks as (
            select device_key, occurred_at, max(ip_block_key) as ip_block_key
            from events where device_key is not null group by device_key, occurred_at
        ),
        attempts as (
            select
                attempt_key, order_key, user_key, user_key_scope, device_key, provider, wallet,
                channel, region, bank, amount::double as amount, currency, amount_band,
                attempted_at, business_date, local_hour, resolved_outcome, is_new_device, step_up,
                min(attempted_at) over (partition by user_key, device_key) as pair_seen_at,
                min(attempted_at) over (partition by user_key) as user_seen_at
            from marts.fct_payment_attempts
            where not coalesce(is_test, false) and amount > 0
        ),
        placed as (
            select attempts.*, device_blocks.ip_block_key as device_block, device_blocks.occurred_at
            from attempts
            asof left join device_blocks
                on attempts.device_key = device_blocks.device_key
                and attempts.attempted_at >= device_blocks.occurred_at
        )
        select
            placed.* exclude (device_block, occurred_at, pair_seen_at, user_seen_at),
            coalesce(
                order_blocks.ip_block_key,
                case when attempted_at - occurred_at <= interval 1 day then device_block end
            ) as ip_block_key,
            coalesce(is_new_device, false) or coalesce(
                user_key is not null and device_key is not null
                and attempted_at - pair_seen_at < interval 1 day
                and pair_seen_at - user_seen_at > interval 1 day,
                false
            ) as is_new,
            risk_amounts.large_amount,
            risk_amounts.very_large_amount,
            risk_amounts.median_amount
        from placed
        left join order_blocks on placed.order_key = order_blocks.order_key
        left join risk_amounts on placed.currency = risk_amounts.currency
        """
    )
