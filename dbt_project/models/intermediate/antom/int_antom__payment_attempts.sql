-- Only where the report has a column of states: it then lists transactions that were never paid.
with lines as (

    select * from {{ ref('int_antom__linked') }} where row_kind = 'attempt'

)

select
    'antom_report' as source,
    event_key as attempt_id_key,
    order_key,
    cast(null as uuid) as user_key,
    cast(null as uuid) as payer_key,
    cast(null as varchar) as payer_scope,
    cast(null as uuid) as device_key,
    cast(null as uuid) as capture_key,
    'antom' as provider,
    wallet,
    method_family,
    cast(null as varchar) as funding_brand,
    method,
    cast(null as varchar) as channel,
    case when transaction_status in ('FAIL', 'CANCELLED') then 'failed' else 'unknown' end as outcome,
    transaction_status as provider_state,
    cast(null as varchar) as error_code,
    cast(null as varchar) as error_sub_code,
    cast(null as varchar) as advice_code,
    transacted_at as attempted_at,
    cast(null as timestamp) as finished_at,
    amount,
    currency,
    cast(null as varchar) as os,
    cast(null as varchar) as app_version,
    cast(null as varchar) as region,
    cast(null as varchar) as language,
    cast(null as varchar) as bank,
    cast(null as bigint) as latency_ms,
    cast(null as boolean) as is_new_device,
    cast(null as varchar) as step_up,
    false as is_test,
    false as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from lines
