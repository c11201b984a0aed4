with log_rows as (

    select * from {{ source('lake', 'payment_attempts') }}

),

typed as (

    select
        cast(attempt_key as uuid) as attempt_id_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        cast(device_key as uuid) as device_key,

        lower(provider) as provider,
        coalesce(lower(wallet), lower(provider)) as wallet,
        lower(method) as method,
        lower(channel) as channel,
        lower(outcome) as outcome,
        provider_state,
        error_code,
        error_sub_code,

        {{ iso_time('attempted_at') }} as attempted_at,
        {{ iso_time('finished_at') }} as finished_at,
        {{ amount('amount') }} as amount,
        upper(currency) as currency,

        os,
        app_version,
        region,
        language,
        bank,
        try_cast(latency_ms as bigint) as latency_ms,
        case lower(is_new_device) when 'true' then true when 'false' then false end
            as is_new_device,
        lower(step_up) as step_up,
        coalesce(lower(is_test) = 'true', false) as is_test,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from log_rows

)

select
    *,
    case
        when attempted_at is null or amount is null or outcome is null then 'unreadable'
        else 'attempt'
    end as row_kind
from typed
