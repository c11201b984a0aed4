with log_rows as (

    select * from {{ source('lake', 'payment_attempts') }}

),

wallets as (

    select * from {{ ref('wallets') }}

),

typed as (

    select
        cast(attempt_key as uuid) as attempt_id_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        cast(device_key as uuid) as device_key,
        cast(provider_payment_key as uuid) as provider_payment_key,

        lower(provider) as provider,
        -- A log that names no wallet means the provider's own; these have none.
        nullif(nullif(coalesce(lower(log_rows.wallet), lower(provider)), 'stripe'), 'adyen')
            as logged_wallet,
        {{ card_brand('funding_brand') }} as funding_brand,
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
    typed.*,
    -- Apple Pay is a token around a card, Alipay a method of its own: two levels, one name each.
    coalesce(wallets.wallet, typed.logged_wallet) as wallet,
    wallets.method_family,
    case
        when attempted_at is null or amount is null or outcome is null then 'unreadable'
        else 'attempt'
    end as row_kind
from typed
left join wallets on typed.logged_wallet = wallets.name
