with documents as (

    select * from {{ ref('rpt_file_conservation') }}

),

dated as (

    {%- for model in row_facts() %}
    select source, business_date from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

dates as (

    select
        source,
        max(business_date) as newest_business_date,
        min(business_date) as oldest_business_date
    from dated
    group by source

),

counted as (

    select
        source,
        count(distinct file_sha256) as files,
        sum(rows_in_file) as rows_in_file,
        sum(rows_rejected) as rejected_rows
    from documents
    group by source

)

select
    counted.source,
    dates.newest_business_date,
    dates.oldest_business_date,
    cast(counted.files as bigint) as files,
    cast(counted.rows_in_file as bigint) as rows,
    cast(counted.rejected_rows as bigint) as rejected_rows
from counted
left join dates on counted.source = dates.source
