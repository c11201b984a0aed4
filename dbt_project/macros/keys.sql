{#- A key made of other keys, for rows whose own key is missing; never of raw values, which only
    ingest may turn into (keyed) pseudonyms. -#}
{% macro derived_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as varchar), '')") -%}
    {%- endfor -%}
    {{ md5_key(parts | join(" || '|' || ")) }}
{%- endmacro %}

{#- A provider's code as it can be compared: `aop.ACQ.SYSTEM_ERROR`, `SYSTEMERROR` and `system_error`
    are one code. -#}
{% macro comparable_code(code) -%}
    replace(regexp_replace(upper(trim({{ code }})), '^.*[.]', ''), '_', '')
{%- endmacro %}

{#- Which member of an archive a lake row came from; '' for a file that is not an archive. -#}
{% macro archive_member(source_file) -%}
    case
        when {{ source_file }} like '%::%'
            then substr({{ source_file }}, position('::' in {{ source_file }}) + 2)
        else ''
    end
{%- endmacro %}

{#- A payer's key together with the provider that knows it, as one text that can be compared: an order
    paid under two providers' ids takes both parts from the same one. -#}
{% macro scoped_key(scope, key) -%}
    {{ scope }} || '|' || cast({{ key }} as varchar)
{%- endmacro %}

{% macro scope_of_scoped(scoped) -%}
    split_part({{ scoped }}, '|', 1)
{%- endmacro %}

{% macro key_of_scoped(scoped) -%}
    cast(split_part({{ scoped }}, '|', 2) as uuid)
{%- endmacro %}
