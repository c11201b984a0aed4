-- Most payments appear in one file only, so only those that appear again pay for a window.
{{ config(materialized='table') }}

-- The report that knows most of a payment comes first (`source_rank`). Then full seconds before a
-- spreadsheet's minutes; then the copy ingested last, since a second download corrects the first.
-- Within one ingest the newest export, then content and place: the order in which files were read
-- never counts.
{%- set preference %}
            captures.source_rank,
            captures.time_precision desc,
            captures.is_resaved,
            captures.ingested_at desc nulls last,
            captures.export_date desc nulls last,
            captures.content_hash,
            captures.file_sha256,
            captures.source_file,
            captures.row_number
{%- endset %}
-- What one report of a payment leaves out, another may tell: Stripe's default export has no wallet, its
-- balance report has no fee currency of its own.
{%- set shared = [
    'user_key', 'payer_key', 'payer_scope', 'wallet', 'method_family', 'funding_brand', 'method',
    'country', 'product_key', 'fee_amount', 'fee_currency', 'settlement_amount', 'settlement_currency', 'fx_rate'
] %}

with captures as (

    select * from {{ ref('int_captures__unioned') }}

),

repeated_keys as (

    select capture_key from captures group by capture_key having count(*) > 1

)

select
    {%- for column, type in kind_columns('capture') %}
    {%- if column in shared %}
    {{ first_known('captures.' ~ column, 'captures.capture_key', preference) }} as {{ column }},
    {%- else %}
    captures.{{ column }},
    {%- endif %}
    {%- endfor %}
    -- Conservation counts a fee once, in the line that states it.
    captures.fee_amount is null
    and {{ first_known('captures.fee_amount', 'captures.capture_key', preference) }} is not null
        as is_fee_borrowed,
    row_number() over (partition by captures.capture_key order by {{ preference }}) as copy_rank
from captures
inner join repeated_keys on captures.capture_key = repeated_keys.capture_key
