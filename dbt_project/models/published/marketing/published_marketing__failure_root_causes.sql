{{ config(alias='failure_root_causes') }}

with causes as (

    select * from {{ ref('published_analyst__failure_root_causes') }}

),

drops as (

    select * from {{ ref('published_analyst__failure_drops') }}

)

-- A slice is shown when there are enough people in it and enough, or nobody, outside it: the drop's
-- own figures are published too, and the difference must not show a few.
select
    causes.drop_id,
    causes.slice_rank,
    causes.slice,
    causes.attempts,
    causes.failed,
    causes.expected,
    causes.failure_rate,
    causes.failure_rate_low,
    causes.failure_rate_high,
    causes.expected_rate,
    causes.share_of_excess,
    causes.llr,
    causes.p_value,
    causes.main_reason,
    causes.users,
    causes.amount_failed,
    causes.amount_excess,
    causes.currency
from causes
inner join drops on causes.drop_id = drops.drop_id
where causes.users >= {{ minimum_cell_users() }}
    and (
        drops.users - causes.users >= {{ minimum_cell_users() }}
        or drops.failed = causes.failed
    )
