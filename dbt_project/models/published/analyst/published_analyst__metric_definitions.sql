{{ config(alias='metric_definitions') }}

{#- The facts whose rows analysts have, by the name they have them under. -#}
{%- set published = {
    'attempt': 'fct_payment_attempts',
    'order': 'fct_payments',
    'refund': 'fct_refunds',
    'fee': 'fct_fees',
} -%}

with definitions as (

    select * from {{ ref('metric_definitions') }}

),

ratios as (

    {%- for id, (fact, numerator, denominator) in metrics().items() if fact in published %}
    select
        '{{ id }}' as metric_id,
        '{{ published[fact] }}' as fact_table,
        '{{ measures_sql(fact, numerator) | replace("'", "''") }}' as numerator_sql,
        '{{ measures_sql(fact, denominator) | replace("'", "''") }}' as denominator_sql
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    definitions.metric_id,
    definitions.label_en,
    definitions.label_zh,
    definitions.description_en,
    definitions.description_zh,
    definitions.numerator,
    definitions.denominator,
    definitions.exclusions,
    definitions.unit,
    definitions.good_direction,
    ratios.fact_table,
    ratios.numerator_sql,
    ratios.denominator_sql
from definitions
left join ratios on definitions.metric_id = ratios.metric_id
