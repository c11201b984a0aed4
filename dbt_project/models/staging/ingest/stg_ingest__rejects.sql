with rejects as (

    select * from {{ source('lake', 'rejects') }}

)

select
    source,
    _file_sha256 as file_sha256,
    {{ archive_member('_source_file') }} as member,
    _row_number as row_number,
    reason,
    message,
    row_hash
from rejects
