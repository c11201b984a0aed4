with totals as (

    select * from {{ source('lake', 'control_totals') }}

)

select
    file_sha256,
    coalesce(member, '') as member,
    source,
    total_name,
    currency,
    cast(expected as decimal(18, 4)) as expected,
    cast(actual as decimal(18, 4)) as actual,
    matched as is_matched
from totals
