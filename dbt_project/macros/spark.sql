{#- What Spark needs to be told so that it runs these models as they are: the lake as tables, and the
    names of two types. Everything else that engines spell differently is in `dialect.sql`. Contracts
    are checked on DuckDB: their types are its. -#}

{#- Tables over the lake's Parquet files, columns of files written at different times united. -#}
{% macro spark__open_lake() -%}
    {%- do run_query('create schema if not exists lake') -%}
    {%- do run_query('create schema if not exists analysis') -%}
    {%- for node in graph.sources.values() | sort(attribute='name') if node.source_name == 'lake' %}
        {%- do run_query('drop table if exists lake.' ~ node.name) -%}
        {%- do run_query(
            'create table lake.' ~ node.name ~ " using parquet options (path '" ~ env_var('WALLET_LAKE')
            ~ '/' ~ lake_folder(node.name) ~ "', mergeSchema 'true')") -%}
    {%- endfor -%}
{%- endmacro %}

{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    create table {{ relation }} using parquet as
    {{ as_spark(compiled_code) }}
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
    create or replace view {{ relation }} as
    {{ as_spark(sql) }}
{%- endmacro %}

{#- Keys are text on Spark, which has no UUID, and text there has no length. -#}
{% macro as_spark(sql) -%}
    {{ return(modules.re.sub('\\bas (uuid|varchar)\\b', 'as string', sql)) }}
{%- endmacro %}

{#- Rows of a seed as literals: dbt-spark's own binding of values in a session does not escape the
    apostrophe of `wallet's`. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config']['column_types'] -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set cells = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- do cells.append('cast(' ~ spark_literal(row[name]) ~ ' as ' ~ types.get(name, 'string') ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ cells | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set sql = 'insert into ' ~ this.render() ~ ' values\n' ~ rows | join(',\n') -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro spark_literal(value) -%}
    {%- if value is none -%} null
    {%- else -%} '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
