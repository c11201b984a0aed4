{#- Kind -> [measure, amount] of the sums that must survive from lines to facts; fees count what was
    kept, so returned fees are negative. -#}
{%- set measures = [
    ['attempt', 'attempt', 'amount', 'currency'],
    ['capture', 'payment', 'amount', 'currency'],
    ['capture', 'fee', 'fee_amount', 'fee_currency'],
    ['refund', 'refund', 'refund_amount', 'currency'],
    ['refund', 'fee', '-fee_returned_amount', 'fee_currency'],
    ['balance_movement', 'balance', 'net_amount', 'currency'],
    ['dispute', 'dispute', 'disputed_amount', 'currency'],
    ['statement_line', 'statement', 'amount', 'currency'],
] -%}
{%- set lines = {
    'attempt': 'int_payment_attempts__unioned',
    'capture': 'int_captures__unioned',
    'refund': 'int_refunds__unioned',
    'balance_movement': 'int_balance_movements__unioned',
    'dispute': 'int_disputes__unioned',
    'statement_line': 'int_statement_lines__repeated',
} -%}
{%- set copies = {
    'attempt': 'int_payment_attempts__repeated',
    'capture': 'int_captures__repeated',
    'refund': 'int_refunds__repeated',
    'balance_movement': 'int_balance_movements__repeated',
    'dispute': 'int_disputes__repeated',
    'statement_line': 'int_statement_lines__repeated',
} -%}
{%- set facts = {
    'attempt': 'fct_payment_attempts',
    'capture': 'fct_captures',
    'refund': 'fct_refunds',
    'balance_movement': 'fct_balance_movements',
    'dispute': 'fct_disputes',
    'statement_line': 'fct_statement_lines',
} -%}

with in_files as (

    {%- for kind, measure, amount, currency in measures %}
    select source, {{ currency }} as currency, '{{ measure }}' as measure, sum({{ amount }}) as amount
    from {{ ref(lines[kind]) }}
    where {{ amount }} is not null and not is_derived
    group by source, {{ currency }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

duplicates as (

    {%- for kind, measure, amount, currency in measures %}
    select source, {{ currency }} as currency, '{{ measure }}' as measure, sum({{ amount }}) as amount
    from {{ ref(copies[kind]) }}
    where {{ amount }} is not null and not is_derived and copy_rank > 1
        {%- if kind in ('capture', 'refund') and measure == 'fee' %} and not is_fee_borrowed {%- endif %}
    group by source, {{ currency }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

in_facts as (

    {%- for kind, measure, amount, currency in measures %}
    select source, {{ currency }} as currency, '{{ measure }}' as measure, sum({{ amount }}) as amount
    from {{ ref(facts[kind]) }}
    where {{ amount }} is not null and not is_derived
        {%- if kind in ('capture', 'refund') and measure == 'fee' %} and not is_fee_borrowed {%- endif %}
    group by source, {{ currency }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

-- One list of (source, currency, measure), so that a side that lacks one still shows.
amounts as (

    select source, currency, measure, amount as in_files, 0 as in_facts, 0 as duplicate
    from in_files
    union all
    select source, currency, measure, 0, amount, 0 from in_facts
    union all
    select source, currency, measure, 0, 0, amount from duplicates

)

-- Sums are wide: single amounts fill decimal(18, 4) on their own.
select
    source,
    currency,
    measure,
    cast(coalesce(sum(in_files), 0) as decimal(38, 4)) as amount_in_files,
    cast(coalesce(sum(in_facts), 0) as decimal(38, 4)) as amount_in_facts,
    cast(coalesce(sum(duplicate), 0) as decimal(38, 4)) as amount_duplicate,
    cast(
        coalesce(sum(in_files), 0) - coalesce(sum(in_facts), 0) - coalesce(sum(duplicate), 0)
        as decimal(38, 4)
    ) as difference
from amounts
group by source, currency, measure
