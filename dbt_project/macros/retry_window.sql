{#- How long after the first attempt a success of the same order still is a recovery. -#}
{% macro retry_window() -%}
    interval '{{ env_var("WALLET_ORDER_RETRY_WINDOW_HOURS", "24") | int }}' hour
{%- endmacro %}
