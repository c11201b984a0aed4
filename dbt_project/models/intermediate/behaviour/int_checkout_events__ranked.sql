{{ config(materialized='table') }}

select * from {{ ref('int_ga4__checkout_events') }}
union all
select * from {{ ref('int_mixpanel__checkout_events') }}
