-- Copies of one payment or refund with another amount, currency or order, and attempt ids that the
-- merchant's log uses again. The facts hold the copy ingested last, and an attempt for each order.
{{ config(
    severity='warn',
    meta={
        'description': 'Copies of a payment, refund or attempt differ in amount, currency or order; '
            'the one ingested last counts, and a reused attempt id is one attempt for each order. '
            'Ask who exported the files which copy is right, remove the wrong file and run again; '
            'have the log give every attempt an id of its own',
        'dagster': {'ref': {'name': 'rpt_amount_conservation'}},
    }
) }}

with copies as (

    select source, capture_key as event_key, order_key, amount, currency
    from {{ ref('int_captures__repeated') }}
    union all
    select source, refund_key, order_key, refund_amount, currency
    from {{ ref('int_refunds__repeated') }}
    union all
    select 'payment_attempts', attempt_id_key, order_key, amount, currency
    from {{ ref('int_payment_attempts__repeated') }}

),

compared as (

    select
        source,
        event_key,
        count(*) as copies,
        min(order_key) <> max(order_key) as has_other_order,
        min(amount) <> max(amount) as has_other_amount,
        min(currency) <> max(currency) as has_other_currency
    from copies
    group by source, event_key

)

select compared.*
from compared
-- After the report that this is shown on, so that it runs with it.
cross join (select count(*) as lines from {{ ref('rpt_amount_conservation') }}) as report
where has_other_order or has_other_amount or has_other_currency
