{{ config(alias='refund_breakdown') }}

with refund_breakdown as (

    select * from {{ source('analysis', 'refund_breakdown') }}

)

select
    cast(dimension as varchar) as dimension,
    cast(dimension_value as varchar) as dimension_value,
    cast(captures as bigint) as captures,
    cast(refunded_captures as bigint) as refunded_captures,
    cast(refund_rate as double) as refund_rate,
    cast(refund_rate_low as double) as refund_rate_low,
    cast(refund_rate_high as double) as refund_rate_high,
    cast(refunds as bigint) as refunds,
    cast(users as bigint) as users,
    cast(failed as bigint) as failed,
    cast(pending as bigint) as pending,
    cast(refund_failure_rate as double) as refund_failure_rate,
    cast(refund_failure_rate_low as double) as refund_failure_rate_low,
    cast(refund_failure_rate_high as double) as refund_failure_rate_high,
    cast(refunded_amount as decimal(18, 4)) as refunded_amount,
    cast(amount_failed as decimal(18, 4)) as amount_failed,
    cast(partial_refunds as bigint) as partial_refunds,
    cast(repeated_refunds as bigint) as repeated_refunds,
    cast(timed as bigint) as timed,
    cast(hours_p50 as double) as hours_p50,
    cast(hours_p90 as double) as hours_p90,
    cast(hours_p95 as double) as hours_p95,
    cast(refunds_due as bigint) as refunds_due,
    cast(sla_breaches as bigint) as sla_breaches,
    cast(sla_breach_rate as double) as sla_breach_rate,
    cast(is_small_sample as boolean) as is_small_sample,
    cast(currency as varchar) as currency
from refund_breakdown
