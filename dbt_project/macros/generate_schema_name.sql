{#- Schemas are named after layers (`marts`, not `main_marts`): one merchant, one warehouse file. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
