"""Two-step verification: how many payments passed one, and the money that went without.

What belongs here: the SQL of `analysis.step_up_breakdown`. What does not: the same by month
(`rpt_step_up_coverage` in dbt), and payments that are suspicious for it (`payment_rules.py`).
"""

from __future__ import annotations

from pipelines.warehouse.wilson import wilson_sql

# Slice -> which paid attempts belong to it; the words of `rpt_step_up_coverage`. They overlap, so
# none of them is called `all`: the privacy audit takes that for the sum of the others.
SLICES = {
    "every_payment": "true",
    "large_amount": "is_large",
    "new_device": "is_on_new_device",
    "large_amount_on_new_device": "is_large and is_on_new_device",
}
DIMENSIONS = ("wallet", "amount_band", "region")
ALL = "all"
NOT_RECORDED = "not_recorded"
SMALL_SAMPLE = 30


def coverage_sql(currency: str) -> str:
    """SQL of `analysis.step_up_breakdown` over `risk_payments`.

    Args:
        currency: the reporting currency; counts cover all currencies, amounts only this one.

    Returns:
        A SELECT with one row per slice, dimension and value: paid_attempts, attempts_told (the log
        says whether there was a step-up), attempts_stepped_up (passed), the share with its Wilson
        95 % interval, users behind the paid attempts and behind those without, amount_paid and
        amount_without_step_up (told).
    """
    sliced = " union all ".join(
        f"select '{name}' as slice, * from paid where {condition}"
        for name, condition in SLICES.items()
    )
    places = ", ".join(f"coalesce({name}, '{NOT_RECORDED}') as {name}" for name in DIMENSIONS)
    sets = ", ".join(f"(slice, {name})" for name in DIMENSIONS)
    dimension = " ".join(f"when grouping({name}) = 0 then '{name}'" for name in DIMENSIONS)
    low, high = wilson_sql("attempts_stepped_up", "attempts_told")
    mine = f"currency = '{currency}'"
    return f"""
    with paid as (
        select
            user_key, amount, currency, step_up, {places},
            amount >= large_amount as is_large,
            coalesce(is_new_device, false) as is_on_new_device
        from risk_payments
        where resolved_outcome = 'succeeded'
    ),
    sliced as ({sliced}),
    summed as (
        select
            slice,
            case {dimension} else '{ALL}' end as dimension,
            coalesce({", ".join(DIMENSIONS)}, '{ALL}') as dimension_value,
            count(*) as paid_attempts,
            count(step_up) as attempts_told,
            count(*) filter (step_up = 'passed') as attempts_stepped_up,
            count(distinct user_key) as users,
            count(distinct user_key) filter (step_up <> 'passed') as users_without_step_up,
            coalesce(sum(amount) filter ({mine}), 0)::decimal(38, 4)
                as amount_paid,
            coalesce(sum(amount) filter ({mine} and step_up <> 'passed'), 0)::decimal(38, 4)
                as amount_without_step_up
        from sliced
        group by grouping sets ((slice), {sets})
    )
    select
        slice, dimension, dimension_value, paid_attempts, attempts_told, attempts_stepped_up,
        attempts_stepped_up / nullif(attempts_told, 0)::double as step_up_coverage,
        {low} as step_up_coverage_low,
        {high} as step_up_coverage_high,
        users, users_without_step_up, amount_paid, amount_without_step_up,
        '{currency}' as currency,
        attempts_told < {SMALL_SAMPLE} as is_small_sample
    from summed
    order by slice, dimension, dimension_value
    """
