with own_plans as (

    select * from {{ ref('int_fee_plans__ranked') }} where copy_rank = 1

),

example_plans as (

    select * from {{ ref('int_fee_plans__examples') }}

),

plans as (

    select
        fee_plan_key, fee_plan_id, provider, wallet, currency, percentage, fixed_amount,
        minimum_amount, cap_amount, tier_basis, tier_from, valid_from, valid_to,
        false as is_example, source, file_sha256, source_file, row_number
    from own_plans

    union all

    select
        fee_plan_key, fee_plan_id, provider, wallet, currency, percentage, fixed_amount,
        minimum_amount, cap_amount, tier_basis, tier_from, valid_from, valid_to,
        true as is_example, source, cast(null as varchar), '', cast(null as bigint)
    from example_plans

)

select
    fee_plan_key,
    fee_plan_id,
    provider,
    wallet,
    currency,
    cast(percentage as decimal(9, 6)) as percentage,
    cast(fixed_amount as decimal(18, 4)) as fixed_amount,
    cast(minimum_amount as decimal(18, 4)) as minimum_amount,
    cast(cap_amount as decimal(18, 4)) as cap_amount,
    tier_basis,
    cast(tier_from as decimal(18, 4)) as tier_from,
    cast(
        lead(tier_from) over (
            partition by fee_plan_id, provider, wallet, currency, valid_from, is_example
            order by tier_from
        ) as decimal(18, 4)
    ) as tier_to,
    valid_from,
    valid_to,
    is_example,
    valid_from as business_date,
    is_example as is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from plans
