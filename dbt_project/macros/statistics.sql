{#- Bounds of the Wilson 95 % interval of a proportion; NULL without observations. -#}
{% macro wilson_low(successes, trials) -%}
    greatest(0, {{ _wilson_centre(successes, trials) }} - {{ _wilson_half_width(successes, trials) }})
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    least(1, {{ _wilson_centre(successes, trials) }} + {{ _wilson_half_width(successes, trials) }})
{%- endmacro %}

{% macro _wilson_centre(successes, trials) -%}
    ({{ share(successes, trials) }} + cast(1.920729 as double) / nullif({{ trials }}, 0))
    / (1 + cast(3.841459 as double) / nullif({{ trials }}, 0))
{%- endmacro %}

{% macro _wilson_half_width(successes, trials) -%}
    cast(1.959964 as double) * sqrt(
        {{ share(successes, trials) }} * (1 - {{ share(successes, trials) }}) / nullif({{ trials }}, 0)
        + cast(0.960365 as double) / (cast({{ trials }} as double) * nullif({{ trials }}, 0))
    ) / (1 + cast(3.841459 as double) / nullif({{ trials }}, 0))
{%- endmacro %}

{#- A percentile: same text on DuckDB, Spark 3.3+, Postgres, Snowflake. -#}
{% macro percentile(column, fraction) -%}
    percentile_cont({{ fraction }}) within group (order by cast({{ column }} as double))
{%- endmacro %}
