{#- 8.0.41.2440 becomes 8.0: patch numbers single people out and say little about failures. -#}
{% macro coarse_version(column) -%}
    coalesce(nullif(regexp_extract({{ column }}, '^([0-9]+[.][0-9]+)', 1), ''), {{ column }})
{%- endmacro %}
