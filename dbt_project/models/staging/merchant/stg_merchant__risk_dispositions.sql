with decisions as (

    select * from {{ source('lake', 'risk_dispositions') }}

),

typed as (

    select
        -- The case of an attempt has the attempt's key.
        coalesce(cast(case_key as uuid), cast(attempt_key as uuid)) as case_key,
        disposition,
        {{ iso_time('decided_at') }} as decided_at,

        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from decisions

)

select
    *,
    case when decided_at is null then 'unreadable' else 'disposition' end as row_kind
from typed
