{{ config(alias='dim_users') }}

with users as (

    select * from {{ ref('dim_users') }}

),

segments as (

    select * from {{ source('analysis', 'user_segments') }}

)

select
    users.user_key,
    users.user_key_scope,
    users.first_seen_date,
    users.first_paid_date,
    users.last_paid_date,
    users.last_attempt_date,
    users.attempts,
    users.failed_attempts,
    users.orders,
    users.paid_orders,
    users.refunded_orders,
    users.recovered_orders,
    users.lost_orders,
    users.is_last_order_lost,
    users.gross_amount,
    users.refunded_amount,
    users.net_amount,
    users.median_ticket,
    users.currency,
    users.preferred_wallet,
    users.wallets_used,
    users.language,
    users.region,
    users.os,
    cast(segments.as_of_date as date) as segments_as_of_date,
    cast(segments.recency_days as integer) as recency_days,
    cast(segments.recency_score as integer) as recency_score,
    cast(segments.frequency_score as integer) as frequency_score,
    cast(segments.lifecycle_segment as varchar) as lifecycle_segment,
    cast(segments.cluster_id as integer) as cluster_id,
    cast(segments.cluster_name as varchar) as cluster_name,
    cast(segments.cluster_margin as double) as cluster_margin
from users
left join segments on users.user_key = cast(segments.user_key as uuid)
