{#- Bounds of the Wilson 95 % interval of a proportion; NULL without observations, of which `greatest`
    and `least` would make 0 and 1. -#}
{% macro wilson_low(successes, trials) -%}
    case when {{ trials }} > 0 then
        greatest(0, {{ _wilson_centre(successes, trials) }} - {{ _wilson_half_width(successes, trials) }})
    end
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    case when {{ trials }} > 0 then
        least(1, {{ _wilson_centre(successes, trials) }} + {{ _wilson_half_width(successes, trials) }})
    end
{%- endmacro %}

{% macro _wilson_centre(successes, trials) -%}
    ({{ share(successes, trials) }} + cast(1.9207294103470643 as double) / nullif({{ trials }}, 0))
    / (1 + cast(3.8414588206941285 as double) / nullif({{ trials }}, 0))
{%- endmacro %}

{% macro _wilson_half_width(successes, trials) -%}
    cast(1.9599639845400545 as double) * sqrt(
        {{ share(successes, trials) }} * (1 - {{ share(successes, trials) }}) / nullif({{ trials }}, 0)
        + cast(0.9603647051735321 as double) / (cast({{ trials }} as double) * nullif({{ trials }}, 0))
    ) / (1 + cast(3.8414588206941285 as double) / nullif({{ trials }}, 0))
{%- endmacro %}

{#- A percentile: same text on DuckDB, Spark 3.3+, Postgres, Snowflake. -#}
{% macro percentile(column, fraction) -%}
    percentile_cont({{ fraction }}) within group (order by cast({{ column }} as double))
{%- endmacro %}
