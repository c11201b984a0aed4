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

units as (

    {%- for channel in ['iso', 'stripe_api', 'adyen_api', 'paypal_report'] %}
    select '{{ channel }}' as channel, iso_code, major_per_minor
    from ({{ minor_units(channel) }}) as of_channel
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

converted as (

    select
        examples.channel,
        examples.minor,
        examples.currency,
        examples.expected,
        {{ from_minor_units('examples.minor', 'units') }} as amount
    from examples
    left join units
        on examples.channel = units.channel
        and upper(examples.currency) = units.iso_code

)

select *
from converted
where amount <> expected or (amount is null) <> (expected is null)
