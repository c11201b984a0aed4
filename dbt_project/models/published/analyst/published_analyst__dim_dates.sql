{{ config(alias='dim_dates') }}

with dimension as (

    select * from {{ ref('dim_dates') }}

)

select
    date_day,
    year_number,
    quarter_of_year,
    month_start,
    week_start,
    iso_weekday,
    is_weekend,
    has_attempts,
    has_captures
from dimension
