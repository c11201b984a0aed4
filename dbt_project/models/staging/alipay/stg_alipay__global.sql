with files as (

    select * from {{ source('lake', 'alipay_global') }}

),

typed as (

    select
        cast(order_key as uuid) as order_key,
        cast(original_order_key as uuid) as original_order_key,
        cast(remark_order_key as uuid) as remark_order_key,
        cast(capture_key as uuid) as number_key,
        cast(event_key as uuid) as event_key,

        case upper(type)
            when 'P' then 'payment'
            when 'PAYMENT' then 'payment'
            when 'R' then 'refund'
            when 'REFUND' then 'refund'
            when 'REVERSAL' then 'revocation'
            when 'REVERSE' then 'revocation'
            when 'CANCEL' then 'revocation'
        end as kind,
        upper(status) as status,
        case upper(issue) when 'ALIPAYHK' then 'alipay_hk' else 'alipay' end as wallet,
        lower(product) as method,
        upper(currency) as settlement_currency,
        upper(coalesce(trans_currency, currency)) as currency,

        -- Alipay's clock is China's, for merchants elsewhere too.
        {{ bill_time('payment_time') }} as paid_at_local,
        {{ bill_time('settlement_time') }} as settled_at_local,
        case when payment_time like '%:%:%' then 'second' else 'minute' end as time_precision,

        abs({{ amount('amount') }}) as settled_gross,
        abs(coalesce({{ amount('trans_amount') }}, {{ amount('amount') }})) as amount,
        abs({{ amount('fee') }}) as fee,
        abs(coalesce({{ amount('settlement') }}, {{ amount('amount') }} - {{ amount('fee') }}))
            as settled_net,
        try_cast(trans_forex_rate as double) as fx_rate,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from files

)

select
    order_key,
    original_order_key,
    remark_order_key,
    number_key,
    {{ derived_key(['event_key', 'kind']) }} as event_key,
    case
        when kind is null then 'irrelevant'
        when paid_at_local is null or amount is null then 'unreadable'
        else kind
    end as row_kind,
    -- L: liquidated. A file of transactions has no time of settlement.
    settled_at_local is not null or coalesce(status, '') in ('L', 'SETTLED') as is_settled,
    status,
    wallet,
    method,
    currency,
    settlement_currency,
    {{ china_to_utc('paid_at_local') }} as paid_at,
    {{ china_to_utc('settled_at_local') }} as settled_at,
    cast({{ local_ts(china_to_utc('paid_at_local')) }} as date) as business_date,
    cast(
        {{ local_ts(china_to_utc('coalesce(settled_at_local, paid_at_local)')) }} as date
    ) as settlement_date,
    time_precision,
    amount,
    settled_gross,
    settled_net,
    fee,
    fx_rate,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from typed
