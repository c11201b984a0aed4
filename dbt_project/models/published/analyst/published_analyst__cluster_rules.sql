{{ config(alias='cluster_rules', materialized='table') }}

with measured as (

    select * from {{ source('analysis', 'cluster_rules') }}

)

select
    cast(rule_number as integer) as rule_number,
    cast(cluster_id as integer) as cluster_id,
    cast(cluster_name as varchar) as cluster_name,
    cast(rule_sql as varchar) as rule_sql,
    cast(users as bigint) as users,
    cast(agreeing_share as double) as agreeing_share,
    cast(fidelity as double) as fidelity
from measured
