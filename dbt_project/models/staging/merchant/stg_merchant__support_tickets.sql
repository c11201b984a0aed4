with tickets as (

    select * from {{ source('lake', 'support_tickets') }}

),

typed as (

    select
        cast(ticket_key as uuid) as ticket_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,
        {{ iso_time('created_at') }} as created_at,
        {{ iso_time('first_response_at') }} as first_response_at,
        {{ iso_time('resolved_at') }} as resolved_at,
        {{ iso_time('updated_at') }} as updated_at,
        topic,
        status,
        channel,
        wallet,
        language,
        coalesce(is_test = 'true', false) as is_test,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from tickets

)

select
    *,
    case
        when created_at is null then 'unreadable'
        -- An answer before the question: the columns are mixed up, or a clock is wrong.
        when first_response_at < created_at or resolved_at < created_at then 'unreadable'
        else 'support_ticket'
    end as row_kind
from typed
