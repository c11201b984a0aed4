with received as (

    select * from {{ ref('stg_adyen__received') }} where row_kind = 'attempt'

)

select
    'adyen_received' as source,
    attempt_key as attempt_id_key,
    coalesce(order_key, {{ derived_key(['capture_key']) }}) as order_key,
    user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as device_key,
    capture_key,
    'adyen' as provider,
    wallet,
    method_family,
    funding_brand,
    payment_method as method,
    cast(null as varchar) as channel,
    case
        when type = 'authorised' then 'succeeded'
        when type in ('refused', 'error', 'cancelled', 'expired') then 'failed'
        else 'unknown'
    end as outcome,
    upper(type) as provider_state,
    case when type <> 'authorised' and refusal <> 'approved' then refusal end as error_code,
    -- The acquirer's numbers are not Adyen's: 12 is another refusal in each.
    case when type <> 'authorised' then 'raw-' || raw_response end as error_sub_code,
    cast(null as varchar) as advice_code,
    created_at as attempted_at,
    cast(null as timestamp) as finished_at,
    amount,
    currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    shopper_country as region,
    cast(null as varchar) as language,
    cast(null as varchar) as bank,
    cast(null as bigint) as latency_ms,
    cast(null as boolean) as is_new_device,
    case authentication when 'Y' then 'passed' when 'N' then 'failed' end as step_up,
    false as is_test,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from received
