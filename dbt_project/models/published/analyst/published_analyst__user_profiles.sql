{{ config(alias='user_profiles') }}

with profiles as (

    select * from {{ ref('rpt_user_profiles') }}

),

segments as (

    select * from {{ source('analysis', 'user_segments') }}

),

scores as (

    select * from {{ source('analysis', 'user_scores') }}

),

features as (

    select * from {{ source('analysis', 'user_features') }}

)

select
    profiles.user_key,
    cast(segments.as_of_date as date) as as_of_date,
    cast(segments.lifecycle_segment as varchar) as lifecycle_segment,
    cast(segments.value_tier as varchar) as value_tier,
    cast(segments.payment_state as varchar) as payment_state,
    cast(segments.cluster_id as integer) as cluster_id,
    cast(segments.cluster_name as varchar) as cluster_name,
    cast(scores.p_buys_7_days as double) as p_buys_7_days,
    cast(scores.p_buys_30_days as double) as p_buys_30_days,
    cast(scores.p_buys_60_days as double) as p_buys_60_days,
    cast(scores.p_buys_90_days as double) as p_buys_90_days,
    cast(scores.expected_orders_90_days as double) as expected_orders_90_days,
    cast(scores.expected_spend_90_days as double) as expected_spend_90_days,
    profiles.chosen_wallet,
    profiles.chosen_wallet_share,
    profiles.settled_wallet,
    profiles.settled_wallet_share,
    profiles.preferred_product_key,
    profiles.preferred_product_share,
    profiles.preferred_product_lift,
    profiles.ticket_band,
    cast(scores.discount_rate as double) as discount_rate,
    cast(scores.discount_rate_low as double) as discount_rate_low,
    cast(scores.is_discount_prone as boolean) as is_discount_seeker,
    cast(scores.refund_rate as double) as refund_rate,
    cast(scores.refund_rate_low as double) as refund_rate_low,
    cast(scores.is_refund_prone as boolean) as is_refund_prone,
    cast(scores.failure_rate as double) as failure_rate,
    cast(scores.failure_rate_low as double) as failure_rate_low,
    cast(scores.is_failure_prone as boolean) as is_hurt_by_failures,
    profiles.support_tickets,
    profiles.feedback_answers,
    profiles.satisfaction,
    profiles.devices_used,
    profiles.last_channel,
    profiles.os,
    profiles.language,
    cast(features.recency_days as double) as recency_days,
    cast(features.paid_orders as double) as paid_orders,
    cast(features.net_amount as double) as net_amount,
    cast(features.tenure_days as double) as tenure_days,
    cast(features.median_ticket as double) as median_ticket,
    cast(features.gap_ratio as double) as gap_ratio,
    cast(features.refund_rate_smoothed as double) as refund_rate_smoothed,
    cast(features.failure_rate_smoothed as double) as failure_rate_smoothed,
    cast(features.discount_rate_smoothed as double) as discount_rate_smoothed,
    cast(features.active_month_share as double) as active_month_share,
    cast(features.weekend_share_smoothed as double) as weekend_share_smoothed,
    cast(features.wallet_entropy as double) as wallet_entropy
from profiles
left join segments on profiles.user_key = cast(segments.user_key as uuid)
left join scores on profiles.user_key = cast(scores.user_key as uuid)
left join features on profiles.user_key = cast(features.user_key as uuid)
