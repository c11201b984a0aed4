with bill as (

    select * from {{ source('lake', 'alipay_account_bill') }}

),

typed as (

    select
        cast(movement_key as uuid) as movement_key,
        cast(capture_key as uuid) as capture_key,
        cast(base_capture_key as uuid) as base_capture_key,
        cast(order_key as uuid) as order_key,
        cast(product_key as uuid) as product_key,
        account,
        business_type,
        business_code,

        {{ bill_time('booked_at') }} as booked_at_local,
        case
            when booked_at like '%:%:%' or booked_at like '%：%：%' then 'second'
            else 'minute'
        end as time_precision,

        -- 支出金额 is negative today and was not in 2012: the column is the direction.
        coalesce(abs({{ amount('income') }}), 0) as income,
        coalesce(abs({{ amount('expense') }}), 0) as expense,
        {{ amount('income') }} is null and {{ amount('expense') }} is null as has_no_amount,
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

-- 业务描述 tells more than 业务类型: 0020001 is a refund whatever the type is called.
named as (

    select
        *,
        case
            when business_code like '001%' or business_code like '交易收款%' then 'payment'
            when business_code like '002%' or business_code like '交易退款%' then 'refund'
            when business_code like '005%' or business_code like '服务支出%' then 'fee'
            when business_type in ('在线支付', '交易付款', '交易收款', '收款') then 'payment'
            when business_type like '%退款%' then 'refund'
            when business_type in ('收费', '服务费', '手续费') then 'fee'
            when business_type = '退费' then 'fee_refund'
            when business_type like '%提现%' then 'payout'
            when business_type like '%转账%' or business_type like '%充值%'
                or business_type like '%转入%' or business_type like '%转出%'
                or business_type like '%红包%' or business_type like '%分账%' then 'transfer'
            when business_type like '%冻结%' or business_type like '%解冻%'
                or business_type like '%保证金%' then 'reserve'
            else 'other'
        end as named_kind
    from typed

)

select
    movement_key,
    capture_key,
    base_capture_key,
    order_key,
    product_key,
    account,
    case
        when booked_at_local is null or has_no_amount then 'unreadable' else 'movement'
    end as row_kind,
    case
        -- A payment that takes money away is one the merchant made as a buyer; a refund that brings
        -- some is the merchant's own.
        when named_kind = 'payment' and expense > 0 then 'other'
        when named_kind = 'refund' and income > 0 then 'other'
        when named_kind = 'fee' and income > 0 then 'fee_refund'
        when named_kind = 'fee_refund' and expense > 0 then 'fee'
        when named_kind = 'payout' and income > 0 then 'payout_failure'
        else named_kind
    end as movement_kind,
    coalesce(business_code, business_type) as provider_type,
    {{ china_to_utc('booked_at_local') }} as booked_at,
    cast(booked_at_local as date) as business_date,
    time_precision,
    cast(income - expense as decimal(18, 4)) as net_amount,
    balance_after,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from named
