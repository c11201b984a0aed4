with wechat_pay as (

    select * from {{ ref('stg_wechat_pay__trade_bill') }}
    where row_kind in ('payment', 'refund', 'revocation')

),

alipay as (

    select * from {{ ref('stg_alipay__trade_bill') }} where row_kind in ('payment', 'refund')

),

merchant as (

    select * from {{ ref('stg_merchant__payment_attempts') }} where row_kind = 'attempt'

),

-- Straight from the lake's rows; fees count what was kept, so returned fees are negative.
in_files as (

    select 'wechat_trade_bill' as source, currency, 'payment' as measure, sum(order_amount) as amount
    from wechat_pay where row_kind = 'payment' group by currency
    union all
    select 'wechat_trade_bill', currency, 'refund', sum(refund_amount)
    from wechat_pay where row_kind <> 'payment' group by currency
    union all
    select 'wechat_trade_bill', currency, 'fee', sum(fee) from wechat_pay group by currency
    union all
    select 'alipay_trade_bill', 'CNY', 'payment', sum(order_amount)
    from alipay where row_kind = 'payment' having count(*) > 0
    union all
    select 'alipay_trade_bill', 'CNY', 'refund', sum(received_amount)
    from alipay where row_kind = 'refund' having count(*) > 0
    union all
    select
        'alipay_trade_bill',
        'CNY',
        'fee',
        sum(case when row_kind = 'payment' then service_fee else -service_fee end)
    from alipay having count(*) > 0
    union all
    select 'payment_attempts', currency, 'attempt', sum(amount) from merchant group by currency

),

events as (

    select
        source,
        currency,
        amount,
        fee_amount,
        cast(null as decimal(18, 4)) as refund_amount,
        cast(null as decimal(18, 4)) as fee_returned_amount,
        true as is_duplicate
    from {{ ref('int_captures__repeated') }}
    where copy_rank > 1

    union all

    select source, currency, null, null, refund_amount, fee_returned_amount, true
    from {{ ref('int_refunds__repeated') }}
    where copy_rank > 1

    union all

    select
        source,
        currency,
        amount,
        fee_amount,
        null,
        null,
        false
    from {{ ref('fct_captures') }}

    union all

    select
        source,
        currency,
        null,
        null,
        refund_amount,
        fee_returned_amount,
        false
    from {{ ref('fct_refunds') }}

),

attempts as (

    select currency, amount, true as is_duplicate
    from {{ ref('int_payment_attempts__repeated') }}
    where copy_rank > 1
    union all
    select currency, amount, false from {{ ref('fct_payment_attempts') }}

),

in_tables as (

    select source, currency, 'payment' as measure, is_duplicate, sum(amount) as amount
    from events where amount is not null group by source, currency, is_duplicate
    union all
    select source, currency, 'refund', is_duplicate, sum(refund_amount)
    from events where refund_amount is not null group by source, currency, is_duplicate
    union all
    select
        source,
        currency,
        'fee',
        is_duplicate,
        sum(coalesce(fee_amount, 0) - coalesce(fee_returned_amount, 0))
    from events group by source, currency, is_duplicate
    union all
    select 'payment_attempts', currency, 'attempt', is_duplicate, sum(amount)
    from attempts group by currency, is_duplicate

),

-- One list of (source, currency, measure), so that a side that lacks one still shows.
amounts as (

    select source, currency, measure, amount as in_files, 0 as in_facts, 0 as duplicate
    from in_files
    union all
    select
        source,
        currency,
        measure,
        0,
        case when is_duplicate then 0 else amount end,
        case when is_duplicate then amount else 0 end
    from in_tables

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
