"""Failures by cause: one row per dimension, value of the dimension, and failure category.

What belongs here: the SQL that counts failed attempts, puts intervals on their rates, and adds up
the money behind them. What does not: what drives failures (`drivers.py`), or which rows a marketer
may see (the published models).

Attempts count when their outcome is known: an `unknown` one (no answer from the provider, and no
bill that confirms it) is neither a success nor a failure. Money at risk follows the order instead:
the whole amount of an order whose first attempt failed, put where that first attempt was made and
under its cause, so that recovered + lost + still open = at risk.
"""

from __future__ import annotations

from pipelines.warehouse.wilson import wilson_sql

ALL = "all"
NOT_RECORDED = "not_recorded"
SMALL_SAMPLE = 30

# Dimension -> SQL over a row of marts.fct_payment_attempts and its user's segment. Two digits keep
# hours in order as text. A segment is what the user is today, after the failure.
DIMENSIONS: dict[str, str] = {
    "wallet": "wallet",
    "provider": "provider",
    "method": "method",
    "channel": "channel",
    "os": "os",
    "app_version": "app_version",
    "region": "region",
    "bank": "bank",
    "local_hour": "lpad(local_hour::varchar, 2, '0')",
    "amount_band": "amount_band",
    "is_new_device": "is_new_device::varchar",
    "lifecycle_segment": "lifecycle_segment",
}

_MONEY = ("amount_failed", "amount_at_risk", "amount_recovered", "amount_lost")
# Whose money it is: of twelve people who failed one may have paid in the end.
_OWNERS = ("at_risk", "recovered", "lost", "open")


def breakdown_sql(currency: str) -> str:
    """SQL of `analysis.failure_breakdown` over the marts.

    Args:
        currency: the reporting currency (ISO 4217). Counts cover all currencies; the four amounts
            cover only this one, as sums over currencies mean nothing.

    Raises:
        ValueError: `currency` is no code.

    Returns:
        A SELECT with the columns of the contract, without test traffic. `attempts` is the number of
        resolved attempts of the dimension value, the same on all its rows; `users` the distinct
        known users behind `failed`, `users_at_risk`, `users_recovered`, `users_lost` and
        `users_open` those behind the amounts (`amount_open` is what may still be paid). Category
        'all' is there for every value, other categories where there is a failure or money at risk.
    """
    if not (len(currency) == 3 and currency.isalpha()):
        raise ValueError(f"currency must be an ISO 4217 code such as CNY, got {currency!r}")
    low, high = wilson_sql("failed", "attempts")
    return f"""
    with {_contributions_sql(currency)},
    {_grouped_sql()},
    totalled as (
        select
            grouped.* exclude (attempts),
            whole.attempts,
            whole.failed as all_failed
        from grouped
        inner join grouped as whole
            on grouped.dimension = whole.dimension
            and grouped.dimension_value = whole.dimension_value
            and whole.failure_category = '{ALL}'
        -- Successes have no category, and an empty warehouse has no row, not one of NULLs.
        where grouped.failure_category is not null and whole.attempts is not null
    )
    select
        dimension,
        dimension_value,
        failure_category,
        attempts,
        failed,
        users,
        failed::double / nullif(attempts, 0) as failure_rate,
        {low} as failure_rate_low,
        {high} as failure_rate_high,
        failed::double / nullif(all_failed, 0) as share_of_failures,
        {", ".join(_MONEY)},
        '{currency}' as currency,
        attempts < {SMALL_SAMPLE} as is_small_sample,
        amount_open,
        {", ".join(f"users_{owner}" for owner in _OWNERS)}
    from totalled
    order by dimension, dimension_value, failure_category
    """


def _grouped_sql() -> str:
    """CTE `grouped`: contributions added up by dimension, value and category, and over them."""
    sets = ", ".join(f"({name}), ({name}, failure_category)" for name in DIMENSIONS)
    # grouping() is 0 where the row is grouped by the column.
    dimension = " ".join(f"when grouping({name}) = 0 then '{name}'" for name in DIMENSIONS)
    amounts = ",\n            ".join(
        f"coalesce(sum({name}), 0)::decimal(18, 4) as {name}" for name in (*_MONEY, "amount_open")
    )
    owners = ", ".join(
        f"count(distinct {owner}_user_key)::bigint as users_{owner}" for owner in _OWNERS
    )
    return f"""grouped as (
        select
            case {dimension} else '{ALL}' end as dimension,
            coalesce({", ".join(DIMENSIONS)}, '{ALL}') as dimension_value,
            case
                when grouping(failure_category) = 1 then '{ALL}' else failure_category
            end as failure_category,
            sum(resolved)::bigint as attempts,
            sum(failed)::bigint as failed,
            count(distinct failed_user_key)::bigint as users,
            {amounts},
            {owners}
        from contributions
        group by grouping sets ((), (failure_category), {sets})
    )"""


def _contributions_sql(currency: str) -> str:
    """CTEs ending in `contributions`: what each attempt and each order at risk adds to a cell.

    One relation for counts and money, so that one grouping serves both and a cause that only has
    money at risk still gets its row.
    """
    places = ",\n            ".join(
        f"coalesce({sql}, '{NOT_RECORDED}') as {name}" for name, sql in DIMENSIONS.items()
    )
    names = ", ".join(DIMENSIONS)
    owners = ", ".join(
        f"case when payments.amount_{owner} > 0 then payments.user_key end" for owner in _OWNERS
    )
    order_names = ", ".join(f"coalesce(attempts.{name}, '{NOT_RECORDED}')" for name in DIMENSIONS)
    return f"""
    attempts as (
        select
            order_key, attempts.user_key, is_first_attempt, resolved_outcome, amount, currency,
            coalesce(failure_category, 'unknown') as category,
            {places}
        from marts.fct_payment_attempts as attempts
        left join analysis.user_segments as segments on attempts.user_key = segments.user_key
        where not coalesce(is_test, false)
    ),
    contributions as (
        select
            {names},
            case when resolved_outcome = 'failed' then category end as failure_category,
            1 as resolved,
            (resolved_outcome = 'failed')::integer as failed,
            case when resolved_outcome = 'failed' then user_key end as failed_user_key,
            case
                when resolved_outcome = 'failed' and currency = '{currency}' then amount
            end as amount_failed,
            null::decimal(18, 4) as amount_at_risk,
            null::decimal(18, 4) as amount_recovered,
            null::decimal(18, 4) as amount_lost,
            null::decimal(18, 4) as amount_open,
            {", ".join(f"null::uuid as {owner}_user_key" for owner in _OWNERS)}
        from attempts
        where resolved_outcome in ('succeeded', 'failed')
        union all
        select
            {order_names},
            coalesce(payments.first_failure_category, attempts.category, 'unknown'),
            0, 0, null, null,
            payments.amount_at_risk, payments.amount_recovered, payments.amount_lost,
            payments.amount_open,
            {owners}
        from marts.fct_payments as payments
        left join attempts
            on payments.order_key = attempts.order_key and attempts.is_first_attempt
        where not coalesce(payments.is_test, false)
            and payments.currency = '{currency}'
            and payments.amount_at_risk > 0
    )"""
