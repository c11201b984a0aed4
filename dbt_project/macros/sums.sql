{#- An amount that marketing sees where each of `parts` is made by enough people, or by nobody. What is at risk
    is what came back, what is lost and what is open: of two the third follows, so amounts name all parts
    that would follow from them. Who is unknown makes no company. -#}
{% macro sum_of_enough(cells, amount, parts) -%}
    cast(
        case
            when true
            {%- for part in parts %}
                and (
                    {{ cells }}.amount_{{ part }} = 0
                    or {{ cells }}.users_{{ part }} >= {{ minimum_cell_users() }}
                )
            {%- endfor %}
                then {{ amount }}
        end as decimal(18, 4)
    )
{%- endmacro %}

{#- What is at risk, without what is still open where that is few people's: the last day's orders. -#}
{% macro at_risk_of_enough(cells) -%}
    case
        when {{ cells }}.amount_open = 0 or {{ cells }}.users_open >= {{ minimum_cell_users() }}
            then {{ cells }}.amount_at_risk
        when {{ cells }}.users_at_risk - {{ cells }}.users_open >= {{ minimum_cell_users() }}
            then {{ cells }}.amount_at_risk - {{ cells }}.amount_open
    end
{%- endmacro %}
