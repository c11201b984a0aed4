with attempt_days as (

    select distinct business_date from {{ ref('fct_payment_attempts') }}

),

capture_days as (

    select distinct business_date from {{ ref('fct_captures') }}

),

refund_days as (

    select distinct business_date from {{ ref('fct_refunds') }}

),

bounds as (

    select min(business_date) as first_day, max(business_date) as last_day
    from (
        select business_date from attempt_days
        union all
        select business_date from capture_days
        union all
        select business_date from refund_days
    ) as days

),

spine as (

    {{ date_spine('(select first_day from bounds)', '(select last_day from bounds)') }}

)

select
    spine.day as date_day,
    cast(extract(year from spine.day) as integer) as year_number,
    cast(extract(quarter from spine.day) as integer) as quarter_of_year,
    cast(date_trunc('month', spine.day) as date) as month_start,
    cast(date_trunc('week', spine.day) as date) as week_start,
    {{ iso_weekday('spine.day') }} as iso_weekday,
    {{ iso_weekday('spine.day') }} >= 6 as is_weekend,
    attempt_days.business_date is not null as has_attempts,
    capture_days.business_date is not null as has_captures
from spine
left join attempt_days on spine.day = attempt_days.business_date
left join capture_days on spine.day = capture_days.business_date
