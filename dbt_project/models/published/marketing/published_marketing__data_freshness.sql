{{ config(alias='data_freshness') }}

with freshness as (

    select * from {{ ref('rpt_data_freshness') }}

),

files as (

    select
        source,
        sum(rows_in_facts) as rows_in_facts,
        sum(rows_duplicate) as rows_duplicate,
        sum(rows_irrelevant) as rows_irrelevant,
        sum(rows_unaccounted) as rows_unaccounted
    from {{ ref('rpt_file_conservation') }}
    group by source

),

amounts as (

    select
        source,
        count(*) as sums_compared,
        sum(case when difference <> 0 then 1 else 0 end) as sums_that_differ
    from {{ ref('rpt_amount_conservation') }}
    group by source

)

select
    freshness.source,
    freshness.newest_business_date,
    freshness.oldest_business_date,
    freshness.files,
    freshness.rows,
    freshness.rejected_rows,
    cast(files.rows_in_facts as bigint) as rows_in_facts,
    cast(files.rows_duplicate as bigint) as rows_duplicate,
    cast(files.rows_irrelevant as bigint) as rows_irrelevant,
    cast(files.rows_unaccounted as bigint) as rows_unaccounted,
    cast(coalesce(amounts.sums_compared, 0) as bigint) as sums_compared,
    cast(coalesce(amounts.sums_that_differ, 0) as bigint) as sums_that_differ
from freshness
inner join files on freshness.source = files.source
left join amounts on freshness.source = amounts.source
