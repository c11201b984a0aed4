{#- Newest moment that any payment data knows: "now" of the warehouse, so that a rebuild tomorrow
    answers the same. -#}
{% macro newest_business_date() -%}
    (
        select max(business_date)
        from (
            select max(business_date) as business_date from {{ ref('fct_payment_attempts') }}
            union all
            select max(business_date) from {{ ref('fct_captures') }}
            union all
            select max(business_date) from {{ ref('fct_refunds') }}
        ) as newest
    )
{%- endmacro %}

{#- The first day of the month. -#}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}
