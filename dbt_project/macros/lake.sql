{#- The lake is a folder of Parquet files with one sub-folder per source (or a fixed file). Engines
    other than DuckDB bring their own catalogue of the same names and skip this. -#}
{% macro open_lake() -%}
    {%- if execute -%} {{ adapter.dispatch('open_lake', 'wallet')() }} {%- endif -%}
{%- endmacro %}

{% macro default__open_lake() -%}{%- endmacro %}

{% macro duckdb__open_lake() -%}
    {#- The folder may have any name: brackets first, since they are what the others are put in. -#}
    {%- set lake = env_var('WALLET_LAKE') | replace('[', '[[]') | replace('*', '[*]')
        | replace('?', '[?]') | replace("'", "''") -%}
    create schema if not exists lake;
    {%- for name, files in {
        'wechat_trade_bill': 'wechat_trade_bill/*.parquet',
        'alipay_trade_bill': 'alipay_trade_bill/*.parquet',
        'payment_attempts': 'payment_attempts/*.parquet',
        'rejects': '_rejects/*.parquet',
        'files': '_files/files.parquet',
        'control_totals': '_control_totals/totals.parquet',
    }.items() %}
    create or replace view lake.{{ name }} as
    select * from read_parquet('{{ lake }}/{{ files }}', union_by_name = true);
    {%- endfor %}
    -- Python jobs write here between the marts and the published models.
    create schema if not exists analysis;
{%- endmacro %}
