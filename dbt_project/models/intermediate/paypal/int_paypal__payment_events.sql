with transactions as (

    select * from {{ ref('int_paypal__transactions') }} where row_kind = 'event'

)

select
    source,
    'paypal' as provider,
    event_key,
    case
        when status = 'D' then 'refused'
        when event_code = 'T1302' or (event_code like 'T13%' and status = 'V') then 'cancelled'
        when event_code like 'T13%' and status = 'S' then 'authorised'
        when status = 'P' then 'pending'
        else 'other'
    end as event_type,
    event_code as provider_type,
    capture_key,
    order_key,
    cast(null as uuid) as user_key,
    payer_key,
    payer_scope,
    'paypal' as wallet,
    'wallet_account' as method_family,
    cast(null as varchar) as funding_brand,
    initiated_at as occurred_at,
    business_date,
    abs(gross_amount) as amount,
    currency,
    source_rank,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from transactions
