with captures as (

    select *, {{ month_of('business_date') }} as month
    from {{ ref('fct_captures') }}
    where not is_test

),

-- By the month of the payment, whenever the refund came: in a growing month the calendar view flatters.
refunds_of_captures as (

    select capture_key, currency, sum(requested_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    where not is_orphan and refund_status <> 'failed'
    group by capture_key, currency

),

disputes_of_captures as (

    select distinct capture_key from {{ ref('fct_disputes') }} where capture_key is not null

),

counted as (

    select
        captures.*,
        refunds_of_captures.refunded_amount,
        disputes_of_captures.capture_key is not null as is_disputed
    from captures
    left join refunds_of_captures
        on captures.capture_key = refunds_of_captures.capture_key
        and captures.currency = refunds_of_captures.currency
    left join disputes_of_captures on captures.capture_key = disputes_of_captures.capture_key

),

summed as (

    select
        month,
        provider,
        wallet,
        currency,
        count(distinct user_key) as users,
        {{ measures('capture', [
            'captures', 'captured_amount', 'refunded_captures', 'refunded_amount', 'disputed_captures'
        ]) }}
    from counted
    group by month, provider, wallet, currency

)

select
    month,
    provider,
    wallet,
    currency,
    cast(users as bigint) as users,
    cast(captures as bigint) as captures,
    cast(captured_amount as decimal(38, 4)) as captured_amount,
    cast(refunded_captures as bigint) as refunded_captures,
    cast(refunded_amount as decimal(38, 4)) as refunded_amount,
    cast(disputed_captures as bigint) as disputed_captures,
    {{ metric('refund_rate_by_count') }} as refund_rate_by_count,
    {{ metric_low('refund_rate_by_count') }} as refund_rate_by_count_low,
    {{ metric_high('refund_rate_by_count') }} as refund_rate_by_count_high,
    {{ metric('refund_rate_by_value') }} as refund_rate_by_value,
    {{ metric('dispute_rate') }} as dispute_rate,
    {{ metric_low('dispute_rate') }} as dispute_rate_low,
    {{ metric_high('dispute_rate') }} as dispute_rate_high,
    {{ is_small_sample('refund_rate_by_count') }} as is_small_sample
from summed
