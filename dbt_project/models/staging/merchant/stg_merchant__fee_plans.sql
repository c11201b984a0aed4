with plans as (

    select * from {{ source('lake', 'fee_plans') }}

),

typed as (

    select
        cast(fee_plan_key as uuid) as fee_plan_key,
        fee_plan_id,
        provider,
        wallet,
        currency,
        try_cast(percentage as decimal(9, 6)) as percentage,
        coalesce({{ amount('fixed_amount') }}, 0) as fixed_amount,
        {{ amount('minimum_amount') }} as minimum_amount,
        {{ amount('cap_amount') }} as cap_amount,
        tier_basis,
        {{ amount('tier_from') }} as tier_from,
        try_cast(valid_from as date) as valid_from,
        try_cast(valid_to as date) as valid_to,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from plans

)

select
    *,
    case
        when percentage is null or tier_from is null or valid_from is null then 'unreadable'
        when minimum_amount > cap_amount then 'unreadable'
        else 'fee_plan'
    end as row_kind
from typed
