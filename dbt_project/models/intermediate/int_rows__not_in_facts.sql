with captures as (

    select * from {{ ref('int_captures__repeated') }} where copy_rank > 1

),

refunds as (

    select * from {{ ref('int_refunds__repeated') }} where copy_rank > 1

),

attempts as (

    select * from {{ ref('int_payment_attempts__repeated') }} where copy_rank > 1

),

wechat_pay as (

    select * from {{ ref('stg_wechat_pay__trade_bill') }}
    where row_kind in ('irrelevant', 'unreadable')

),

alipay as (

    select * from {{ ref('stg_alipay__trade_bill') }}
    where row_kind in ('irrelevant', 'unreadable')

),

merchant as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'unreadable'

),

unioned as (

    select source, 'duplicate' as disposition, file_sha256, source_file, row_number
    from captures
    union all
    select source, 'duplicate', file_sha256, source_file, row_number from refunds
    union all
    select 'payment_attempts', 'duplicate', file_sha256, source_file, row_number from attempts
    union all
    select 'wechat_trade_bill', row_kind, file_sha256, source_file, row_number from wechat_pay
    union all
    select 'alipay_trade_bill', row_kind, file_sha256, source_file, row_number from alipay
    union all
    select 'payment_attempts', row_kind, file_sha256, source_file, row_number from merchant

)

select
    source,
    disposition,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from unioned
