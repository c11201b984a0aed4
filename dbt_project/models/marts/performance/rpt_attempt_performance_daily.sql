with attempts as (

    select * from {{ ref('fct_payment_attempts') }} where not is_test and amount > 0

),

summed as (

    select
        business_date,
        provider,
        wallet,
        currency,
        count(distinct user_key) as users,
        {{ measures('attempt', [
            'attempts', 'succeeded', 'failed', 'unknown', 'late_successes', 'soft_declines',
            'hard_declines', 'integration_errors', 'technical_errors', 'risk_blocks', 'retries',
            'amount_attempted', 'amount_succeeded', 'amount_failed', 'amount_unmapped'
        ]) }},
        {{ percentile('latency_ms', 0.5) }} as latency_p50_ms,
        {{ percentile('latency_ms', 0.95) }} as latency_p95_ms,
        {{ percentile('latency_ms', 0.99) }} as latency_p99_ms
    from attempts
    group by business_date, provider, wallet, currency

)

select
    business_date,
    provider,
    wallet,
    currency,
    cast(users as bigint) as users,
    cast(attempts as bigint) as attempts,
    cast(succeeded as bigint) as succeeded,
    cast(failed as bigint) as failed,
    cast(unknown as bigint) as unknown,
    cast(late_successes as bigint) as late_successes,
    cast(soft_declines as bigint) as soft_declines,
    cast(hard_declines as bigint) as hard_declines,
    cast(integration_errors as bigint) as integration_errors,
    cast(technical_errors as bigint) as technical_errors,
    cast(risk_blocks as bigint) as risk_blocks,
    cast(retries as bigint) as retries,
    cast(amount_attempted as decimal(38, 4)) as amount_attempted,
    cast(amount_succeeded as decimal(38, 4)) as amount_succeeded,
    cast(amount_failed as decimal(38, 4)) as amount_failed,
    {{ metric('attempt_success_rate') }} as attempt_success_rate,
    {{ metric_low('attempt_success_rate') }} as attempt_success_rate_low,
    {{ metric_high('attempt_success_rate') }} as attempt_success_rate_high,
    {{ metric('attempt_success_rate_by_value') }} as attempt_success_rate_by_value,
    {{ metric('authorisation_rate') }} as authorisation_rate,
    {{ metric('acceptance_rate') }} as acceptance_rate,
    {{ metric_low('acceptance_rate') }} as acceptance_rate_low,
    {{ metric_high('acceptance_rate') }} as acceptance_rate_high,
    {{ metric('unknown_share') }} as unknown_share,
    {{ metric('soft_decline_share') }} as soft_decline_share,
    {{ metric_low('soft_decline_share') }} as soft_decline_share_low,
    {{ metric_high('soft_decline_share') }} as soft_decline_share_high,
    {{ metric('hard_decline_share') }} as hard_decline_share,
    {{ metric_low('hard_decline_share') }} as hard_decline_share_low,
    {{ metric_high('hard_decline_share') }} as hard_decline_share_high,
    {{ metric('integration_error_rate') }} as integration_error_rate,
    {{ metric('technical_error_rate') }} as technical_error_rate,
    {{ metric_low('technical_error_rate') }} as technical_error_rate_low,
    {{ metric_high('technical_error_rate') }} as technical_error_rate_high,
    {{ metric('unmapped_failure_share') }} as unmapped_failure_share,
    latency_p50_ms,
    latency_p95_ms,
    latency_p99_ms,
    {{ is_small_sample('attempt_success_rate') }} as is_small_sample
from summed
