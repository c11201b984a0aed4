-- Refunds name their payment by its number, by its order, or only in the remark.
with lines as (

    select * from {{ ref('stg_alipay__global') }}
    where row_kind in ('payment', 'refund', 'revocation')

),

payments as (

    select number_key, min(order_key) as order_key
    from lines
    where row_kind = 'payment' and number_key is not null
    group by number_key

),

orders as (

    select order_key, min(number_key) as number_key
    from lines
    where row_kind = 'payment'
    group by order_key

)

select
    lines.*,
    case
        when lines.row_kind = 'payment' then coalesce(lines.number_key, lines.event_key)
        else coalesce(
            by_number.number_key, by_original.number_key, by_own.number_key, by_remark.number_key
        )
    end as capture_key,
    case
        when lines.row_kind = 'payment' then lines.order_key
        else coalesce(
            by_number.order_key, lines.original_order_key, by_own.order_key, by_remark.order_key
        )
    end as payment_order_key
from lines
left join payments as by_number on lines.number_key = by_number.number_key
left join orders as by_original on lines.original_order_key = by_original.order_key
left join orders as by_own on lines.order_key = by_own.order_key
left join orders as by_remark on lines.remark_order_key = by_remark.order_key
