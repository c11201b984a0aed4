with bill as (

    select * from {{ source('lake', 'wechat_funds_bill') }}

),

typed as (

    select
        cast(flow_key as uuid) as flow_key,
        cast(order_key as uuid) as voucher_key,
        cast(capture_key as uuid) as own_capture_key,
        cast(refund_key as uuid) as own_refund_key,
        business_no,
        business_type,
        direction,

        {{ bill_time('booked_at') }} as booked_at_local,
        case
            when booked_at like '%:%:%' or booked_at like '%：%：%' then 'second'
            else 'minute'
        end as time_precision,

        {{ amount('amount') }} as amount,
        {{ amount('balance') }} as balance_after,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from bill

),

-- Two rows of one bill may be equal to the last character and still be two changes; the same row in
-- two downloads is one. The time is left out: a spreadsheet drops its seconds.
numbered as (

    select
        *,
        row_number() over (
            partition by
                file_sha256, source_file, flow_key, business_no, business_type, direction, amount,
                balance_after
            order by row_number
        ) as occurrence
    from typed

)

select
    {{ derived_key([
        'flow_key', 'business_no', 'business_type', 'direction', 'amount', 'balance_after', 'occurrence'
    ]) }} as movement_key,
    business_no,
    voucher_key,
    own_capture_key,
    own_refund_key,
    case
        when booked_at_local is null or amount is null then 'unreadable' else 'movement'
    end as row_kind,
    case
        when business_type = '交易' and direction = '收入' then 'payment'
        when business_type like '退还%手续费' and direction = '收入' then 'fee_refund'
        when business_type like '%手续费' and direction = '支出' then 'fee'
        when business_type = '退款' and direction = '支出' then 'refund'
        when business_type = '退款关闭' and direction = '收入' then 'refund_failure'
        when business_type like '%提现%' and direction = '支出' then 'payout'
        when business_type like '%提现%' then 'payout_failure'
        when business_type like '%充值%' or business_type like '%转账%'
            or business_type like '%付款%' or business_type like '%分账%'
            or business_type like '%红包%' or business_type like '%划拨%' then 'transfer'
        when business_type like '%冻结%' or business_type like '%保证金%' then 'reserve'
        when business_type like '%调账%' or business_type like '%扣罚%' then 'adjustment'
        else 'other'
    end as movement_kind,
    business_type,
    {{ china_to_utc('booked_at_local') }} as booked_at,
    cast(booked_at_local as date) as business_date,
    time_precision,
    cast(case when direction = '支出' then -amount else amount end as decimal(18, 4)) as net_amount,
    balance_after,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from numbered
