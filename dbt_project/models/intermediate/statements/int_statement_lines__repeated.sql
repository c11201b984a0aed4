{{ config(materialized='table') }}

{%- set statements = [
    ['wechat_personal_statement', 'wechat_pay', 'stg_wechat_pay__personal_statement'],
    ['alipay_personal_statement', 'alipay', 'stg_alipay__personal_statement'],
] %}

with lines as (

    {%- for source, wallet, model in statements %}
    select
        '{{ source }}' as source,
        '{{ wallet }}' as wallet,
        statement_line_key,
        trade_key,
        order_key,
        direction,
        line_kind,
        status,
        payment_source,
        occurred_at,
        business_date,
        time_precision,
        'CNY' as currency,
        amount,
        refunded_amount,
        false as is_derived,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from {{ ref(model) }}
    where row_kind = 'line'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    *,
    {{ copy_rank('statement_line_key', ['is_resaved', 'time_precision desc']) }} as copy_rank
from lines
