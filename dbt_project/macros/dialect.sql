{#- The few things that engines spell differently. `default__` is closest to Spark's spelling. -#}

{% macro seconds_between(earlier, later) -%}
    {{ adapter.dispatch('seconds_between', 'wallet')(earlier, later) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    timestampdiff(second, {{ earlier }}, {{ later }})
{%- endmacro %}

{#- Elapsed whole seconds; date_diff would count crossed second boundaries. -#}
{% macro duckdb__seconds_between(earlier, later) -%}
    date_sub('second', {{ earlier }}, {{ later }})
{%- endmacro %}

{#- Elapsed seconds to the millisecond: most payments take less than one. -#}
{% macro exact_seconds_between(earlier, later) -%}
    {{ adapter.dispatch('exact_seconds_between', 'wallet')(earlier, later) }}
{%- endmacro %}

{% macro default__exact_seconds_between(earlier, later) -%}
    cast(timestampdiff(millisecond, {{ earlier }}, {{ later }}) as double) / 1000
{%- endmacro %}

{% macro duckdb__exact_seconds_between(earlier, later) -%}
    cast(date_sub('millisecond', {{ earlier }}, {{ later }}) as double) / 1000
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    {{ adapter.dispatch('days_between', 'wallet')(earlier, later) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    cast(date_diff('day', {{ earlier }}, {{ later }}) as integer)
{%- endmacro %}

{#- UTC to the merchant's wall clock. China has had one zone and no summer time since 1991: a fixed
    shift answers the same and costs a fraction of a time-zone look-up. -#}
{% macro local_ts(utc) -%}
    {%- set zone = env_var('WALLET_BUSINESS_TIMEZONE', 'Asia/Shanghai') -%}
    {%- if zone == 'Asia/Shanghai' -%} ({{ utc }} + interval '8' hour)
    {%- else -%} {{ adapter.dispatch('local_ts', 'wallet')(utc, zone) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__local_ts(utc, zone) -%}
    convert_timezone('UTC', '{{ zone }}', {{ utc }})
{%- endmacro %}

{% macro duckdb__local_ts(utc, zone) -%}
    (({{ utc }} at time zone 'UTC') at time zone '{{ zone }}')
{%- endmacro %}

{#- Wall-clock text of a mainland bill: `2026-01-05 10:11:12`, or as a spreadsheet re-saves it,
    `2026/1/5 10:11`; old samples have full-width colons. Still local time; NULL when unreadable. -#}
{% macro bill_time(column) -%}
    try_cast(replace(replace({{ column }}, '/', '-'), '：', ':') as timestamp)
{%- endmacro %}

{#- Bills of the mainland providers are in China Standard Time (UTC+8, no summer time). -#}
{% macro china_to_utc(local) -%}
    ({{ local }} - interval '8' hour)
{%- endmacro %}

{#- ISO-8601 text with an offset or Z to UTC. Spark's session is in UTC (profiles.yml). -#}
{% macro iso_time(column) -%}
    {{ adapter.dispatch('iso_time', 'wallet')(column) }}
{%- endmacro %}

{% macro default__iso_time(column) -%}
    cast(try_cast({{ column }} as timestamp_ltz) as timestamp_ntz)
{%- endmacro %}

{#- A cast straight to TIMESTAMP would drop the offset without a word; by way of microseconds it costs
    half of what `at time zone` does. -#}
{% macro duckdb__iso_time(column) -%}
    make_timestamp(epoch_us(try_cast({{ column }} as timestamptz)))
{%- endmacro %}

{#- Value of the latest row, ties broken by a second column so that the answer does not depend on
    the order of rows; rows without a value are passed over. -#}
{% macro latest(value, time, tie) -%}
    {{ adapter.dispatch('latest', 'wallet')(value, time, tie) }}
{%- endmacro %}

{% macro default__latest(value, time, tie) -%}
    max_by({{ value }}, case when {{ value }} is not null then struct({{ time }}, {{ tie }}) end)
{%- endmacro %}

{% macro duckdb__latest(value, time, tie) -%}
    max_by({{ value }}, case when {{ value }} is not null then row({{ time }}, {{ tie }}) end)
{%- endmacro %}

{#- Value of the earliest row, ties broken likewise. -#}
{% macro earliest(value, time, tie) -%}
    {{ adapter.dispatch('earliest', 'wallet')(value, time, tie) }}
{%- endmacro %}

{% macro default__earliest(value, time, tie) -%}
    min_by({{ value }}, struct({{ time }}, {{ tie }}))
{%- endmacro %}

{% macro duckdb__earliest(value, time, tie) -%}
    min_by({{ value }}, row({{ time }}, {{ tie }}))
{%- endmacro %}

{#- First value that is there, over all rows of a partition in an order. -#}
{% macro first_known(value, partition, order) -%}
    {{ adapter.dispatch('first_known', 'wallet')(value, partition, order) }}
{%- endmacro %}

{% macro default__first_known(value, partition, order) -%}
    first_value({{ value }}, true) over (
        partition by {{ partition }} order by {{ order }}
        rows between unbounded preceding and unbounded following
    )
{%- endmacro %}

{% macro duckdb__first_known(value, partition, order) -%}
    first_value({{ value }} ignore nulls) over (
        partition by {{ partition }} order by {{ order }}
        rows between unbounded preceding and unbounded following
    )
{%- endmacro %}

{#- Day of the week by ISO: Monday 1 to Sunday 7. -#}
{% macro iso_weekday(day) -%}
    {{ adapter.dispatch('iso_weekday', 'wallet')(day) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}

{% macro duckdb__iso_weekday(day) -%}
    cast(isodow({{ day }}) as integer)
{%- endmacro %}

{#- All days from one to another, both included, as column `day`. -#}
{% macro date_spine(first, last) -%}
    {{ adapter.dispatch('date_spine', 'wallet')(first, last) }}
{%- endmacro %}

{% macro default__date_spine(first, last) -%}
    select explode(sequence({{ first }}, {{ last }}, interval '1' day)) as day
{%- endmacro %}

{% macro duckdb__date_spine(first, last) -%}
    select cast(unnest(generate_series(
        cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1' day
    )) as date) as day
{%- endmacro %}

{#- A moment some hours after another; the number of hours is a column. -#}
{% macro hours_after(moment, hours) -%}
    {{ adapter.dispatch('hours_after', 'wallet')(moment, hours) }}
{%- endmacro %}

{% macro default__hours_after(moment, hours) -%}
    timestampadd(hour, {{ hours }}, {{ moment }})
{%- endmacro %}

{% macro duckdb__hours_after(moment, hours) -%}
    ({{ moment }} + to_hours({{ hours }}))
{%- endmacro %}

{#- The MD5 of a text as a key: DuckDB writes a UUID with hyphens, and keys are text elsewhere. -#}
{% macro md5_key(text) -%}
    {{ adapter.dispatch('md5_key', 'wallet')(text) }}
{%- endmacro %}

{% macro default__md5_key(text) -%}
    regexp_replace(md5({{ text }}), '(.{8})(.{4})(.{4})(.{4})(.{12})', '$1-$2-$3-$4-$5')
{%- endmacro %}

{% macro duckdb__md5_key(text) -%}
    cast(md5({{ text }}) as uuid)
{%- endmacro %}
