-- Which payment a line is or belongs to. Older reports number captures and refunds on their own and name
-- the payment as the original; newer ones give every line the payment's number.
with lines as (

    select * from {{ ref('stg_antom__report') }}
    where row_kind not in ('irrelevant', 'unreadable', 'out_of_scope')

),

payments as (

    select own_key, min(order_key) as order_key
    from lines
    where kind = 'payment'
    group by own_key

),

captured as (

    select original_key, min(own_key) as own_key
    from lines
    where kind = 'payment' and original_key is not null
    group by original_key
    having min(own_key) = max(own_key)

)

select
    lines.*,
    case
        when lines.kind = 'payment' then lines.own_key
        else coalesce(
            by_original.own_key, captured.own_key, by_own.own_key, lines.original_key
        )
    end as capture_key,
    case
        when lines.kind = 'payment' then lines.order_key
        else coalesce(by_original.order_key, by_own.order_key, lines.order_key)
    end as payment_order_key
from lines
left join payments as by_original on lines.original_key = by_original.own_key
left join payments as by_own on lines.own_key = by_own.own_key
left join captured on lines.original_key = captured.original_key
