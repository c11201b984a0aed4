{#- The share of payments below which an amount is not large; security questions look above it. -#}
{% macro large_amount_quantile() -%}
    {{ env_var('WALLET_LARGE_AMOUNT_QUANTILE', '0.95') | float }}
{%- endmacro %}
