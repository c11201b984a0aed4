with examples as (

    select * from {{ ref('example_fee_plans') }}

)

select
    'example_fee_plans' as source,
    {{ derived_key(['fee_plan_id', 'provider', 'wallet', 'currency', 'valid_from', 'tier_from']) }}
        as fee_plan_key,
    *
from examples
