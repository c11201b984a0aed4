with refunds as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_refunds') }}
    where not is_test

),

summed as (

    select
        month,
        provider,
        wallet,
        currency,
        count(distinct user_key) as users,
        {{ measures('refund', [
            'refunds', 'refunds_submitted', 'refunds_failed', 'refunds_pending', 'refunds_linked',
            'refunds_partial', 'refunds_due', 'sla_breaches', 'amount_given_back'
        ]) }},
        sum(case when refund_number > 1 and refund_status <> 'failed' then 1 else 0 end)
            as refunds_repeated,
        sum(case when is_orphan then 1 else 0 end) as refunds_orphaned,
        count(turnaround_seconds) as refunds_timed,
        {{ percentile('turnaround_seconds', 0.5) }} / cast(3600 as double) as turnaround_hours_p50,
        {{ percentile('turnaround_seconds', 0.9) }} / cast(3600 as double) as turnaround_hours_p90,
        {{ percentile('turnaround_seconds', 0.95) }} / cast(3600 as double) as turnaround_hours_p95
    from refunds
    group by month, provider, wallet, currency

)

select
    month,
    provider,
    wallet,
    currency,
    cast(users as bigint) as users,
    cast(refunds as bigint) as refunds,
    cast(refunds_submitted as bigint) as refunds_submitted,
    cast(refunds_failed as bigint) as refunds_failed,
    cast(refunds_pending as bigint) as refunds_pending,
    cast(refunds_linked as bigint) as refunds_linked,
    cast(refunds_partial as bigint) as refunds_partial,
    cast(refunds_repeated as bigint) as refunds_repeated,
    cast(refunds_orphaned as bigint) as refunds_orphaned,
    cast(refunds_timed as bigint) as refunds_timed,
    cast(refunds_due as bigint) as refunds_due,
    cast(sla_breaches as bigint) as sla_breaches,
    cast(amount_given_back as decimal(38, 4)) as amount_given_back,
    {{ metric('partial_share') }} as partial_share,
    {{ metric_low('partial_share') }} as partial_share_low,
    {{ metric_high('partial_share') }} as partial_share_high,
    {{ metric('refund_failure_rate') }} as refund_failure_rate,
    {{ metric_low('refund_failure_rate') }} as refund_failure_rate_low,
    {{ metric_high('refund_failure_rate') }} as refund_failure_rate_high,
    {{ metric('sla_breach_rate') }} as sla_breach_rate,
    {{ metric_low('sla_breach_rate') }} as sla_breach_rate_low,
    {{ metric_high('sla_breach_rate') }} as sla_breach_rate_high,
    turnaround_hours_p50,
    turnaround_hours_p90,
    turnaround_hours_p95,
    {{ is_small_sample('refund_failure_rate') }} as is_small_sample
from summed
