{{ config(materialized='table') }}

-- The latest state of a dispute wins; a report that dates its end before one that does not.
{%- set preference %}
            disputes.source_rank,
            case when disputes.closed_at is not null then 0 else 1 end,
            disputes.ingested_at desc nulls last,
            disputes.export_date desc nulls last,
            disputes.content_hash,
            disputes.file_sha256,
            disputes.source_file,
            disputes.row_number
{%- endset %}
{%- set shared = ['wallet', 'dispute_reason', 'fee_amount', 'fee_currency', 'evidence_due_at'] %}

with disputes as (

    select * from {{ ref('int_disputes__unioned') }}

),

repeated_keys as (

    select dispute_key from disputes group by dispute_key having count(*) > 1

)

select
    {%- for column, type in kind_columns('dispute') %}
    {%- if column in shared %}
    {{ first_known('disputes.' ~ column, 'disputes.dispute_key', preference) }} as {{ column }},
    {%- else %}
    disputes.{{ column }},
    {%- endif %}
    {%- endfor %}
    row_number() over (partition by disputes.dispute_key order by {{ preference }}) as copy_rank
from disputes
inner join repeated_keys on disputes.dispute_key = repeated_keys.dispute_key
