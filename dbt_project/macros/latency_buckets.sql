{#- Buckets of response times, each 1.41 times as wide as the one before: counts in them can be added up
    over wallets and months, and any percentile read off to the width of a bucket. Bucket 0 holds
    everything below 71 ms, bucket 24 everything from 205 s on. -#}
{% macro latency_bucket(milliseconds) -%}
    least(24, greatest(0, floor(2 * ln(greatest({{ milliseconds }}, 1) / cast(50 as double)) / ln(2))))
{%- endmacro %}

{% macro latency_bucket_start(bucket) -%}
    case
        when {{ bucket }} <= 0 then 0
        when {{ bucket }} <= 24 then round(50 * power(cast(2 as double), ({{ bucket }}) / cast(2 as double)))
    end
{%- endmacro %}
