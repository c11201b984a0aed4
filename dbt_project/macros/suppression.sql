{#- Cells that a table hides so that no hidden cell is what remains when shown ones are subtracted.

    `hide_along` is one pass along one direction. Parts (rows that are `part`) of a `group` add up to
    a total (rows that are `total`, shared by all groups with the same `total_group`):
    - total shown, parts hidden: smallest shown parts follow until two are hidden, with enough people;
    - total hidden: one part is hidden too, or adding up the parts gave the total;
    - nothing left to hide: the total goes.
    Hiding along one direction may uncover the other, so a model repeats both; hidden stays hidden. -#}
{% macro hide_along(cells, name, group, part, total_group, total) -%}
{{ name }}_seen as (

    select
        *,
        sum(case when {{ part }} and is_hidden then 1 else 0 end)
            over (partition by {{ group }}) as hidden_parts,
        sum(case when {{ part }} and is_hidden then users else 0 end)
            over (partition by {{ group }}) as hidden_users,
        sum(case when {{ part }} then 1 else 0 end) over (partition by {{ group }}) as parts,
        -- Place among the shown parts, smallest first, and the people in those before.
        sum(case when {{ part }} and not is_hidden then 1 else 0 end) over (
            partition by {{ group }} order by users, dimension_value, failure_category
            rows between unbounded preceding and current row
        ) as place,
        sum(case when {{ part }} and not is_hidden then users else 0 end) over (
            partition by {{ group }} order by users, dimension_value, failure_category
            rows between unbounded preceding and current row
        ) - case when {{ part }} and not is_hidden then users else 0 end as users_before,
        max(case when {{ total }} and is_hidden then 1 else 0 end)
            over (partition by {{ total_group }}) = 1 as is_total_hidden
    from {{ cells }}

),

{{ name }} as (

    select
        dimension,
        dimension_value,
        failure_category,
        users,
        case
            when is_hidden then true
            when {{ part }} and is_total_hidden then hidden_parts = 0 and place = 1
            when {{ part }} and hidden_parts > 0
                then hidden_parts + place - 1 < 2
                or hidden_users + users_before < {{ minimum_cell_users() }}
            when {{ total }}
                then max(case when {{ part }} and hidden_parts = 1 and parts = 1 then 1 else 0 end)
                    over (partition by {{ total_group }}) = 1
            else false
        end as is_hidden
    from {{ name }}_seen

)
{%- endmacro %}

{#- A value whose total is hidden shows no cause either: every row tells the value's attempts, and a
    share of failures its failures. -#}
{% macro hide_causes_of_hidden_values(cells, name) -%}
{{ name }} as (

    select
        dimension,
        dimension_value,
        failure_category,
        users,
        is_hidden
        or max(case when failure_category = 'all' and is_hidden then 1 else 0 end)
            over (partition by dimension, dimension_value) = 1 as is_hidden
    from {{ cells }}

)
{%- endmacro %}

{#- Whether a cell of one list whose total may be known is hidden: small ones are, and after them the
    smallest others until what is hidden is two cells with enough people. `by`: columns of which
    each value has a list; `also`: a condition under which a list has to hide two although none is
    small. -#}
{% macro is_hidden_cell(users, tie, by=none, also='false') -%}
    {%- set partition = 'partition by ' ~ by if by else '' -%}
    (
        {{ users }} < {{ minimum_cell_users() }}
        or (
            (min({{ users }}) over ({{ partition }}) < {{ minimum_cell_users() }} or {{ also }})
            and (
                row_number() over ({{ partition }} order by {{ users }}, {{ tie }}) <= 2
                or sum({{ users }}) over (
                    {{ partition }} order by {{ users }}, {{ tie }}
                    rows between unbounded preceding and current row
                ) - {{ users }} < {{ minimum_cell_users() }}
            )
        )
    )
{%- endmacro %}

{#- Rows with enough people, of lists whose total is known: the hidden rows of a list (`by`) are none, or
    two or more with enough people together; else the whole list is left out, or the one hidden row would
    follow from the total. A row of nobody hides nobody. -#}
{% macro cells_with_company(cells, by) -%}
cells_counted as (

    select
        *,
        sum(case when users > 0 and users < {{ minimum_cell_users() }} then 1 else 0 end)
            over (partition by {{ by }}) as hidden_rows,
        sum(case when users < {{ minimum_cell_users() }} then users else 0 end)
            over (partition by {{ by }}) as hidden_users
    from {{ cells }}

),

cells_with_company as (

    select *
    from cells_counted
    where users >= {{ minimum_cell_users() }}
        and (
            hidden_rows = 0
            or (hidden_rows >= 2 and hidden_users >= {{ minimum_cell_users() }})
        )

)
{%- endmacro %}
