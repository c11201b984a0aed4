-- More asked back than was paid: a payment missing from the files, or a mistake worth money.
{{ config(
    severity='warn',
    meta={
        'description': 'Payments of which more was asked back than paid',
        'dagster': {'ref': {'name': 'fct_refunds'}},
    }
) }}

with refunds as (

    select capture_key, sum(requested_amount) as requested_amount
    from {{ ref('fct_refunds') }}
    where not is_orphan and refund_status <> 'failed'
    group by capture_key

)

select refunds.capture_key, captures.amount, refunds.requested_amount
from refunds
inner join {{ ref('fct_captures') }} as captures on refunds.capture_key = captures.capture_key
where refunds.requested_amount > captures.amount
