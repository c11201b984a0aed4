"""Refunds that look wrong: customers who give most things back, operators who refund too much.

What belongs here: the two rules, and finding the payment that a refund gives back. What does not:
how often the shop refunds (`failures`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

ABUSE_DAYS = 90
ABUSE_PAYMENTS = 5
ABUSE_SHARE = 0.5
QUICK_HOURS = 1
# An operator's week is unusual below this Poisson probability, with these many refunds or more.
OPERATOR_P = 0.001
OPERATOR_REFUNDS = 5
OPERATORS = 3


def prepare_refunds(con: duckdb.DuckDBPyConnection) -> int:
    """Create the temporary table `risk_refunds`; returns its rows.

    One row per refund that did not fail, outside test traffic: refund_key, capture_key, user_key,
    operator_key, refunded_at, hours_since_payment, case_key (the attempt that paid the order, else
    the capture, else the refund itself), and amount and currency of the payment, where no capture
    is known those of the refund.
    """
    con.execute(
        """
        create or replace temporary table risk_refunds as
        with paid as (
            select order_key, max_by(attempt_key, row(attempted_at, attempt_key)) as attempt_key
            from risk_payments
            where resolved_outcome = 'succeeded'
            group by order_key
        ),
        payments as (
            select capture_key, amount as payment_amount, currency as payment_currency
            from marts.fct_captures
        ),
        refunds as (
            select
                *,
                coalesce(accepted_at, requested_at, completed_at, business_date::timestamp)
                    as refunded_at
            from marts.fct_refunds
            where not coalesce(is_test, false) and refund_status <> 'failed'
        )
        select
            refund_key, capture_key, refunds.order_key, user_key, operator_key, provider, wallet,
            refunded_at, business_date, captured_at,
            coalesce(payment_amount, requested_amount)::double as amount,
            coalesce(payment_currency, currency) as currency,
            date_diff('second', captured_at, refunded_at) / 3600.0 as hours_since_payment,
            coalesce(paid.attempt_key, capture_key, refund_key) as case_key,
            case
                when paid.attempt_key is not null then 'attempt'
                when capture_key is not null then 'capture'
                else 'refund'
            end as case_kind
        from refunds
        left join paid on refunds.order_key = paid.order_key
        left join payments using (capture_key)
        """
    )
    return con.execute("select count(*) from risk_refunds").fetchall()[0][0]


def refund_abuse_sql() -> str:
    """Hits of refunds by which a user has given back half of five payments or more in 90 days."""
    return f"""
    with happened as (
        select user_key, captured_at as happened_at, capture_key, 1 as paid, null::uuid as refunded,
            null::uuid as refund_key
        from marts.fct_captures
        where user_key is not null and not coalesce(is_test, false)
            and user_key in (select user_key from risk_refunds)
        union all
        select user_key, refunded_at, capture_key, 0, coalesce(capture_key, refund_key), refund_key
        from risk_refunds where user_key is not null
    ),
    counted as (
        select
            refund_key, happened_at,
            sum(paid) over lately as bought,
            count(distinct refunded) over lately as refunded_payments,
            -- What was bought before and given back within the days is a payment as well.
            greatest(count(distinct capture_key) over lately, refunded_payments) as payments
        from happened
        window lately as (
            partition by user_key order by happened_at
            range between interval {ABUSE_DAYS} days preceding and current row
        )
    ),
    -- What was given back before the share was reached is part of the case.
    broken as (
        select
            refunds.user_key, counted.happened_at, payments, refunded_payments,
            refunded_payments / payments::double as share,
            refunded_payments / (payments + {ABUSE_PAYMENTS}.0) as score
        from counted
        inner join risk_refunds as refunds on counted.refund_key = refunds.refund_key
        where bought >= {ABUSE_PAYMENTS} and refunded_payments > {ABUSE_SHARE} * payments
    )
    select
        refunds.case_key,
        'refund_abuse' as rule_id,
        score,
        share as observed,
        {ABUSE_SHARE}::double as threshold,
        refunded_payments || ' of ' || payments || ' payments given back in {ABUSE_DAYS} days'
            || case when hours_since_payment < {QUICK_HOURS} then ', this one within the hour'
                else '' end as evidence,
        happened_at - interval {ABUSE_DAYS} days as window_started_at,
        happened_at as window_ended_at
    from risk_refunds as refunds
    inner join broken
        on refunds.user_key = broken.user_key
        and refunds.refunded_at <= broken.happened_at
        and refunds.refunded_at >= broken.happened_at - interval {ABUSE_DAYS} days
    qualify row_number() over (
        partition by refunds.case_key order by score desc, happened_at, hours_since_payment
    ) = 1
    """


def operator_refunds_sql() -> str:
    """Hits of the refunds of an operator's week that peers make improbable.

    What is expected of an operator is the mean of the others who refunded that week; improbable is
    a Poisson tail P(X >= refunds) below 0.001.
    """
    return f"""
    with weeks as (
        select operator_key, date_trunc('week', refunded_at) as week, count(*) as refunds
        from risk_refunds where operator_key is not null
        group by operator_key, week
    ),
    compared as (
        select
            *,
            (sum(refunds) over (partition by week) - refunds)
                / nullif(count(*) over (partition by week) - 1, 0)::double as expected,
            count(*) over (partition by week) as operators
        from weeks
    ),
    judged as (
        select
            *,
            -- Beyond a thousand the tail is nought already, and the sum would cost.
            greatest(1 - list_sum(list_transform(
                range(least(refunds, 1000)),
                lambda k: exp(k * ln(expected) - expected - lgamma(k + 1))
            )), 1e-12) as p
        from compared
        where operators >= {OPERATORS} and refunds >= {OPERATOR_REFUNDS} and refunds > expected
    )
    select
        refunds.case_key,
        'operator_refunds' as rule_id,
        -log10(p) / (3 - log10(p)) as score,
        judged.refunds::double as observed,
        expected as threshold,
        printf('%d refunds of one operator in a week, peers %.1f', judged.refunds, expected)
            as evidence,
        week as window_started_at,
        week + interval 7 days as window_ended_at
    from judged
    inner join risk_refunds as refunds
        on judged.operator_key = refunds.operator_key
        and date_trunc('week', refunds.refunded_at) = judged.week
    where p < {OPERATOR_P}
    qualify row_number() over (
        partition by refunds.case_key order by p, week, judged.operator_key
    ) = 1
    """
