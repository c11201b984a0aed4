{#- Text to an amount in major units. Bills hold plain decimals; sheets re-saved by a spreadsheet add
    thousands commas and currency signs, so those are only stripped when the plain cast fails. -#}
{% macro amount(column) -%}
    coalesce(
        try_cast({{ column }} as decimal(18, 4)),
        try_cast(
            replace(replace(replace({{ column }}, ',', ''), '¥', ''), '￥', '') as decimal(18, 4)
        )
    )
{%- endmacro %}

{#- What one minor unit of each currency is in major units. The same currency has other decimals in
    another provider's integers, so a channel is named: a `<channel>_minor_units` column of the seed
    `currencies`, or iso. -#}
{% macro minor_units(channel='iso') -%}
    {%- set channels = ['iso', 'stripe_api', 'adyen_api', 'paypal_report'] -%}
    {%- if channel not in channels -%}
        {{ exceptions.raise_compiler_error('minor_units: ' ~ channel ~ ' is none of ' ~ channels) }}
    {%- endif -%}
    {%- set decimals = 'minor_units' if channel == 'iso' else channel ~ '_minor_units' -%}
    select
        currency as iso_code,
        cast(power(10, -{{ decimals }}) as decimal(9, 4)) as major_per_minor
    from {{ ref('currencies') }}
{%- endmacro %}

{#- Integers in minor units (text or number) to an amount in major units; `units` is what `minor_units`
    gives, joined by the currency. NULL for a currency that has no row: never guessed to have two. -#}
{% macro from_minor_units(amount, units) -%}
    cast(
        try_cast({{ amount }} as decimal(18, 4)) * {{ units }}.major_per_minor as decimal(18, 4)
    )
{%- endmacro %}

{#- An amount rounded half up to the decimals of its currency; the decimals of a column are no constant,
    which rounding a decimal wants. -#}
{% macro to_minor_units(amount, decimals) -%}
    cast(
        case {{ decimals }}
            when 0 then round({{ amount }}, 0)
            when 1 then round({{ amount }}, 1)
            when 2 then round({{ amount }}, 2)
            when 3 then round({{ amount }}, 3)
            else round({{ amount }}, 4)
        end as decimal(18, 4)
    )
{%- endmacro %}

{#- More than any amount: where a plan has no upper end. -#}
{% macro largest_amount() -%}
    cast(99999999999999 as decimal(18, 4))
{%- endmacro %}

{#- Two amounts into a ratio. Cast first: DuckDB divides decimals into doubles, Spark into decimals. -#}
{% macro share(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}

{#- The amount band of a payment in the reporting currency, NULL in others: 50 yen are not 50 yuan.
    The lower bound belongs to the band. -#}
{% macro amount_band(amount, currency) -%}
    case
        when {{ amount }} is null or {{ currency }} is null then null
        when {{ currency }} <> {{ reporting_currency() }} then null
        when {{ amount }} < 50 then '0-50'
        when {{ amount }} < 200 then '50-200'
        when {{ amount }} < 500 then '200-500'
        when {{ amount }} < 2000 then '500-2000'
        else '2000+'
    end
{%- endmacro %}

{% macro reporting_currency() -%}
    '{{ env_var("WALLET_REPORTING_CURRENCY", "CNY") }}'
{%- endmacro %}
