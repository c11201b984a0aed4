with rates as (

    select * from {{ source('lake', 'exchange_rates') }}

),

typed as (

    select
        cast(exchange_rate_key as uuid) as exchange_rate_key,
        try_cast(rate_date as date) as rate_date,
        base_currency,
        quote_currency,
        try_cast(rate as double) as rate,
        rate_source,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from rates

)

select
    *,
    case when rate_date is null or rate is null then 'unreadable' else 'exchange_rate' end as row_kind
from typed
