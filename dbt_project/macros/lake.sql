{#- The lake is a folder of Parquet files with one sub-folder per source. Spark's way is in `spark.sql`;
    other engines bring their own catalogue of the same names and skip this. -#}
{% macro open_lake() -%}
    {%- if execute -%} {{ adapter.dispatch('open_lake', 'wallet')() }} {%- endif -%}
{%- endmacro %}

{#- The same at once: `dbt run-operation`, when the lake lies in another folder and nothing is built. -#}
{% macro open_lake_now() -%}
    {%- do run_query(open_lake()) -%}
{%- endmacro %}

{% macro default__open_lake() -%}{%- endmacro %}

{#- A source has a folder of its name; what ingest says of itself lies in folders that begin with `_`. -#}
{% macro lake_folder(name) -%}
    {{- '_' if name in ['rejects', 'files', 'control_totals'] else '' }}{{ name -}}
{%- endmacro %}

{% macro duckdb__open_lake() -%}
    {#- The folder may have any name: brackets first, since they are what the others are put in. -#}
    {%- set lake = env_var('WALLET_LAKE') | replace('[', '[[]') | replace('*', '[*]')
        | replace('?', '[?]') | replace("'", "''") -%}
    create schema if not exists lake;
    {#- Sorted: dbt reads files side by side, and the order would be another after each parse. -#}
    {%- for node in graph.sources.values() | sort(attribute='name') if node.source_name == 'lake' %}
    create or replace view lake.{{ node.name }} as
    select *
    from read_parquet('{{ lake }}/{{ lake_folder(node.name) }}/*.parquet', union_by_name = true);
    {%- endfor %}
    -- Python jobs write here between the marts and the published models.
    create schema if not exists analysis;
{%- endmacro %}
