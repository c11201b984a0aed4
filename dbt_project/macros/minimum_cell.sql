{#- Fewest distinct people behind a row that marketing may see. -#}
{% macro minimum_cell_users() -%}
    {{ env_var('WALLET_MINIMUM_CELL_USERS', '10') | int }}
{%- endmacro %}
