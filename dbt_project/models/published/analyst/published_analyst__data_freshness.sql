{{ config(alias='data_freshness') }}

with freshness as (

    select * from {{ ref('rpt_data_freshness') }}

)

select source, newest_business_date, oldest_business_date, files, rows, rejected_rows
from freshness
