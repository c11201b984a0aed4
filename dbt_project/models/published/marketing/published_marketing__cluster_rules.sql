{{ config(alias='cluster_rules') }}

with measured as (

    select * from {{ ref('published_analyst__cluster_rules') }}

)

select
    rule_number,
    cluster_id,
    cluster_name,
    rule_sql,
    users,
    agreeing_share,
    fidelity
from measured
where users >= {{ minimum_cell_users() }}
