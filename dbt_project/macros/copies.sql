{#- Rank of a row among the copies of one thing: 1 is the one that counts. `preference` decides first;
    then the copy ingested last, and an order that never depends on how the files were named. -#}
{% macro copy_rank(key, preference=[]) -%}
    row_number() over (
        partition by {{ key }}
        order by
            {%- for expression in preference %}
            {{ expression }},
            {%- endfor %}
            ingested_at desc nulls last,
            export_date desc nulls last,
            content_hash,
            file_sha256,
            source_file,
            row_number
    )
{%- endmacro %}
