with log_rows as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'attempt'

)

select provider_payment_key, min(order_key) as order_key
from log_rows
where provider_payment_key is not null
group by provider_payment_key
-- A number that the log gives to two orders tells of neither.
having min(order_key) = max(order_key)
