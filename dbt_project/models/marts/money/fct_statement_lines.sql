with lines as (

    select * from {{ ref('int_statement_lines__repeated') }} where copy_rank = 1

)

select
    statement_line_key,
    trade_key,
    order_key,
    wallet,
    direction,
    line_kind,
    status,
    payment_source,
    occurred_at,
    business_date,
    time_precision,
    currency,
    amount,
    refunded_amount,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from lines
