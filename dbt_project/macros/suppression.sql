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

{#- Cells of few people, each with company that lets its number move while all sums stay as they are. Two
    hidden cells in every line are not enough: between two rings of hidden cells, the one that links them
    follows from both. `cells` also has `failed`, the number that must not follow.

    - A cell of a value and a cause: another value and another cause, four cells in a rectangle.
    - A cause of few people in all: a second cause, and in each dimension one value that has both.

    Those with the fewest people to hide are taken. A number may rise by what the falling cells hold,
    `room`: a ninth of it at least, so that the interval is a tenth of its upper end (`recovery_width`
    of the audit). Hidden totals are cells like others. A cell without such company stays for the
    audit to judge. -#}
{% macro hide_with_company(cells, name) -%}
{%- set cost = "case when {0}.is_hidden then 0 else {0}.users end" -%}
{{ name }}_rectangles as (

    select
        small.dimension,
        small.dimension_value,
        small.failure_category,
        below.dimension_value as other_value,
        beside.failure_category as other_category,
        row_number() over (
            partition by small.dimension, small.dimension_value, small.failure_category
            order by
                {{ cost.format('beside') }} + {{ cost.format('below') }} + {{ cost.format('across') }},
                below.dimension_value, beside.failure_category
        ) as place
    from {{ cells }} as small
    inner join {{ cells }} as beside
        on small.dimension = beside.dimension
        and small.dimension_value = beside.dimension_value
        and small.failure_category <> beside.failure_category
    inner join {{ cells }} as below
        on small.dimension = below.dimension
        and small.dimension_value <> below.dimension_value
        and small.failure_category = below.failure_category
    inner join {{ cells }} as across
        on below.dimension = across.dimension
        and below.dimension_value = across.dimension_value
        and beside.failure_category = across.failure_category
    where small.dimension <> 'all'
        and small.is_hidden
        and small.failed > 0
        -- A value's total rises with its cause; the other value's two fall.
        and {{ has_room(
            "case when small.failure_category = 'all' then across.failed"
            ~ " else least(beside.failed, below.failed) end",
            'small.failed'
        ) }}

),

{{ name }}_pairs as (

    select
        small.failure_category,
        second.failure_category as other_category,
        part.dimension,
        part.dimension_value,
        {{ cost.format('second') }} as second_cost,
        {{ cost.format('part') }} + {{ cost.format('beside') }} as cost,
        row_number() over (
            partition by small.failure_category, second.failure_category, part.dimension
            order by
                {{ cost.format('part') }} + {{ cost.format('beside') }}, part.dimension_value
        ) as place
    from {{ cells }} as small
    inner join {{ cells }} as second
        on small.dimension = second.dimension
        and small.failure_category <> second.failure_category
    inner join {{ cells }} as part
        on small.failure_category = part.failure_category
    inner join {{ cells }} as beside
        on part.dimension = beside.dimension
        and part.dimension_value = beside.dimension_value
        and second.failure_category = beside.failure_category
    where small.dimension = 'all'
        and small.is_hidden
        and small.failed > 0
        and 'all' not in (small.failure_category, second.failure_category, part.dimension)
        and {{ has_room('beside.failed', 'small.failed') }}

),

{{ name }}_seconds as (

    select
        failure_category,
        other_category,
        row_number() over (
            partition by failure_category
            order by count(*) desc, sum(cost) + max(second_cost), other_category
        ) as place
    from {{ name }}_pairs
    where place = 1
    group by failure_category, other_category

),

{{ name }}_both as (

    select pairs.dimension, pairs.dimension_value, pairs.failure_category, pairs.other_category
    from {{ name }}_pairs as pairs
    inner join {{ name }}_seconds as seconds
        on pairs.failure_category = seconds.failure_category
        and pairs.other_category = seconds.other_category
    where pairs.place = 1 and seconds.place = 1

),

{{ name }}_company as (

    select dimension, dimension_value, other_category as failure_category
    from {{ name }}_rectangles where place = 1
    union
    select dimension, other_value as dimension_value, failure_category
    from {{ name }}_rectangles where place = 1
    union
    select dimension, other_value as dimension_value, other_category as failure_category
    from {{ name }}_rectangles where place = 1
    union
    select 'all' as dimension, 'all' as dimension_value, other_category as failure_category
    from {{ name }}_both
    union
    select dimension, dimension_value, failure_category from {{ name }}_both
    union
    select dimension, dimension_value, other_category as failure_category from {{ name }}_both

),

{{ name }} as (

    select
        cells.dimension,
        cells.dimension_value,
        cells.failure_category,
        cells.users,
        cells.is_hidden or company.dimension is not null as is_hidden
    from {{ cells }} as cells
    left join {{ name }}_company as company
        on cells.dimension = company.dimension
        and cells.dimension_value = company.dimension_value
        and cells.failure_category = company.failure_category

)
{%- endmacro %}

{% macro has_room(room, number) -%}
    9 * ({{ room }}) >= greatest({{ number }}, 9)
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
