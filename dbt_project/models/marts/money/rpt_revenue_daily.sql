with captures as (

    select * from {{ ref('fct_captures') }} where not is_test

),

refunds as (

    select * from {{ ref('fct_refunds') }} where not is_test and refund_status <> 'failed'

),

rates as (

    select * from {{ ref('dim_exchange_rates') }}

),

moves as (

    select
        business_date,
        provider,
        wallet,
        currency,
        user_key,
        1 as captures,
        amount as captured_amount,
        cast(0 as decimal(18, 4)) as refunded_amount,
        -- What the provider itself made of it in the reporting currency, where it converted.
        case
            when settlement_currency = {{ reporting_currency() }} and currency <> settlement_currency
                then settlement_amount
        end as converted_amount
    from captures

    union all

    select
        business_date,
        provider,
        wallet,
        currency,
        user_key,
        0,
        cast(0 as decimal(18, 4)),
        requested_amount,
        cast(null as decimal(18, 4))
    from refunds

),

summed as (

    select
        business_date,
        provider,
        wallet,
        currency,
        count(distinct user_key) as users,
        sum(captures) as captures,
        sum(captured_amount) as captured_amount,
        sum(refunded_amount) as refunded_amount,
        sum(converted_amount) as converted_amount,
        sum(case when converted_amount is not null then captured_amount end) as amount_converted
    from moves
    group by business_date, provider, wallet, currency

),

-- The provider's own conversion of the day is what really happened; the merchant's table stands in where
-- there is none; a pair given the other way round is turned.
rated as (

    select
        summed.*,
        case
            when summed.currency = {{ reporting_currency() }} then cast(1 as double)
            when summed.amount_converted > 0
                then {{ share('summed.converted_amount', 'summed.amount_converted') }}
            else coalesce(direct.rate, cast(1 as double) / inverse.rate)
        end as reporting_rate,
        case
            when summed.currency = {{ reporting_currency() }} then 'same_currency'
            when summed.amount_converted > 0 then 'provider'
            when coalesce(direct.rate, inverse.rate) is not null
                then 'table:' || coalesce(direct.rate_source, inverse.rate_source)
            else 'none'
        end as reporting_rate_source,
        case
            when summed.currency = {{ reporting_currency() }} or summed.amount_converted > 0
                then summed.business_date
            else coalesce(direct.rate_date, inverse.rate_date)
        end as reporting_rate_date
    from summed
    left join rates as direct
        on summed.currency = direct.base_currency
        and direct.quote_currency = {{ reporting_currency() }}
        and summed.business_date between direct.rate_date and direct.valid_to
    left join rates as inverse
        on summed.currency = inverse.quote_currency
        and inverse.base_currency = {{ reporting_currency() }}
        and summed.business_date between inverse.rate_date and inverse.valid_to

)

select
    business_date,
    provider,
    wallet,
    currency,
    cast(users as bigint) as users,
    cast(captures as bigint) as captures,
    cast(captured_amount as decimal(38, 4)) as captured_amount,
    cast(refunded_amount as decimal(38, 4)) as refunded_amount,
    cast(captured_amount - refunded_amount as decimal(38, 4)) as net_amount,
    {{ reporting_currency() }} as reporting_currency,
    reporting_rate,
    reporting_rate_source,
    reporting_rate_date,
    cast(cast(captured_amount as double) * reporting_rate as decimal(38, 4))
        as reporting_captured_amount,
    cast(cast(captured_amount - refunded_amount as double) * reporting_rate as decimal(38, 4))
        as reporting_net_amount
from rated
