{{ config(alias='reconciliation') }}

with differences as (

    select * from {{ ref('rpt_reconciliation') }}

),

payments as (

    select order_key, user_key from {{ ref('fct_payments') }}

),

summed as (

    select
        differences.difference_kind,
        count(distinct payments.user_key) as users,
        count(*) as differences,
        sum(case when differences.age_days <= 2 then 1 else 0 end) as differences_of_last_days,
        min(differences.business_date) as oldest_business_date,
        max(differences.business_date) as newest_business_date
    from differences
    left join payments on differences.order_key = payments.order_key
    group by differences.difference_kind

)

select
    difference_kind,
    cast(users as bigint) as users,
    cast(differences as bigint) as differences,
    cast(differences_of_last_days as bigint) as differences_of_last_days,
    oldest_business_date,
    newest_business_date
from summed
where users >= {{ minimum_cell_users() }}
