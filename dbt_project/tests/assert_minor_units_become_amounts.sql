-- Integers as the providers' own documents explain them, and what they are in major units.
{{ config(
    meta={
        'description': 'Integers in minor units become wrong amounts',
        'dagster': {'ref': {'name': 'currencies'}},
    }
) }}

with examples as (

    select 'stripe_api' as channel, 1099 as minor, 'usd' as currency, 10.99 as expected
    union all select 'stripe_api', 15000, 'JPY', 15000
    union all select 'stripe_api', 5120, 'KWD', 5.12
    union all select 'stripe_api', 500, 'ISK', 5
    union all select 'stripe_api', 500, 'UGX', 5
    union all select 'stripe_api', 500, 'MGA', 500
    union all select 'stripe_api', 1045, 'HUF', 10.45
    union all select 'adyen_api', 500, 'JPY', 500
    union all select 'adyen_api', 279000, 'ISK', 2790
    union all select 'adyen_api', 500, 'CLP', 5
    union all select 'adyen_api', 500, 'CVE', 500
    union all select 'adyen_api', 500, 'IDR', 500
    union all select 'paypal_report', 15000, 'JPY', 150
    union all select 'paypal_report', 15000, 'KWD', 150
    union all select 'iso', 15000, 'JPY', 15000
    union all select 'iso', 12345, 'CLF', 1.2345
    union all select 'iso', 100, 'XXX', null

),

converted as (

    select
        channel,
        minor,
        currency,
        expected,
        case channel
            when 'stripe_api' then {{ from_minor_units('minor', 'currency', 'stripe_api') }}
            when 'adyen_api' then {{ from_minor_units('minor', 'currency', 'adyen_api') }}
            when 'paypal_report' then {{ from_minor_units('minor', 'currency', 'paypal_report') }}
            else {{ from_minor_units('minor', 'currency') }}
        end as amount
    from examples

)

select *
from converted
where amount <> expected or (amount is null) <> (expected is null)
