-- More than 2 % of the failed value has no known reason: codes to add to the seed failure_codes.
{{ config(
    severity='warn',
    meta={
        'description': 'More than 2 % of the failed amount has no known reason',
        'dagster': {'ref': {'name': 'fct_payment_attempts'}},
    }
) }}

with failed as (

    select
        sum(amount) as failed_amount,
        sum(case when failure_category = 'unknown' then amount else 0 end) as unexplained_amount
    from {{ ref('fct_payment_attempts') }}
    where resolved_outcome = 'failed' and not is_test

)

select * from failed where unexplained_amount > cast(0.02 as decimal(18, 4)) * failed_amount
