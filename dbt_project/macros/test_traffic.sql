{#- Environments whose traffic is no customer's. -#}
{% macro is_test_environment(environment) -%}
    coalesce(
        lower({{ environment }}) in ('test', 'testing', 'staging', 'stage', 'sandbox', 'dev',
            'development', 'local', 'ci', 'qa', 'uat'),
        false
    )
{%- endmacro %}
