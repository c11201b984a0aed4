{{ config(materialized='table') }}

select * from {{ ref('int_newrelic__api_requests') }}
union all
select * from {{ ref('int_otlp__api_requests') }}
