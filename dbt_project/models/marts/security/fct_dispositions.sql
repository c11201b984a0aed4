with decisions as (

    select * from {{ ref('int_risk_dispositions__ranked') }} where copy_rank = 1

)

select
    case_key,
    disposition,
    decided_at,
    cast({{ local_ts('decided_at') }} as date) as business_date,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from decisions
