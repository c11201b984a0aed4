{{ config(materialized='table') }}

-- A REFUND bill knows when the refund was asked for and done, an ALL bill does not; a later bill may
-- know the end of what an earlier one called PROCESSING. Then as for payments: of two ends that
-- disagree, the one ingested last is the correction.
{%- set preference %}
            refunds.source_rank,
            case when refunds.completed_at is not null then 0 else 1 end,
            case when refunds.requested_at is not null then 0 else 1 end,
            case refunds.refund_status
                when 'succeeded' then 0 when 'failed' then 0 when 'pending' then 1 else 2
            end,
            refunds.time_precision desc,
            refunds.is_resaved,
            refunds.ingested_at desc nulls last,
            refunds.export_date desc nulls last,
            refunds.content_hash,
            refunds.file_sha256,
            refunds.source_file,
            refunds.row_number
{%- endset %}
{%- set shared = [
    'user_key', 'payer_key', 'payer_scope', 'wallet', 'refund_reason', 'failure_reason',
    'fee_returned_amount', 'fee_currency'
] %}

with refunds as (

    select * from {{ ref('int_refunds__unioned') }}

),

repeated_keys as (

    select refund_key from refunds group by refund_key having count(*) > 1

)

select
    {%- for column, type in kind_columns('refund') %}
    {%- if column in shared %}
    {{ first_known('refunds.' ~ column, 'refunds.refund_key', preference) }} as {{ column }},
    {%- else %}
    refunds.{{ column }},
    {%- endif %}
    {%- endfor %}
    -- Conservation counts a fee once, in the line that states it.
    refunds.fee_returned_amount is null
    and {{ first_known('refunds.fee_returned_amount', 'refunds.refund_key', preference) }} is not null
        as is_fee_borrowed,
    row_number() over (partition by refunds.refund_key order by {{ preference }}) as copy_rank
from refunds
inner join repeated_keys on refunds.refund_key = repeated_keys.refund_key
