with statement as (

    select * from {{ source('lake', 'wechat_personal_statement') }}

),

typed as (

    select
        cast(line_key as uuid) as line_key,
        cast(trade_key as uuid) as trade_key,
        cast(order_key as uuid) as order_key,
        -- 不计收支, 其他, a slash or nothing: neither income nor expense.
        case direction when '收入' then 'in' when '支出' then 'out' else 'neutral' end as direction,
        status as printed_status,
        payment_source as printed_source,
        trade_type,
        {{ bill_time('trade_time') }} as traded_at_local,
        case when trade_time like '%:%:%' then 'second' else 'minute' end as time_precision,
        abs({{ amount('amount') }}) as amount,
        abs({{ amount('refunded_amount') }}) as refunded_amount,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from statement

),

-- Equal lines of one statement are two events; the same line in two downloads is one.
numbered as (

    select
        *,
        row_number() over (
            partition by
                file_sha256, source_file, line_key, traded_at_local, direction, amount
            order by row_number
        ) as occurrence
    from typed

)

select
    {{ derived_key([
        'line_key', "date_trunc('minute', traded_at_local)", 'direction', 'amount', 'occurrence'
    ]) }} as statement_line_key,
    trade_key,
    order_key,
    case when traded_at_local is null or amount is null then 'unreadable' else 'line' end
        as row_kind,
    direction,
    case
        when trade_type like '%退款%' then 'refund'
        when trade_type like '%转账%' or trade_type like '%红包%' then 'transfer'
        when trade_type like '%提现%' or trade_type like '%充值%' or trade_type like '%零钱%'
            then 'own_account'
        else 'payment'
    end as line_kind,
    case
        when trade_type like '%退款%' then 'succeeded'
        when printed_status like '%全额退款%' or printed_status like '%退还%' then 'refunded'
        when printed_status like '%退款%' and refunded_amount = amount then 'refunded'
        when printed_status like '%退款%' and refunded_amount is not null
            then 'partially_refunded'
        when printed_status like '%成功%' or printed_status like '已%' or printed_status like '%已收钱%'
            or printed_status like '%已到账%' or printed_status like '%完成%' then 'succeeded'
        when printed_status like '%等待%' or printed_status like '%待%' then 'pending'
        when printed_status like '%关闭%' then 'closed'
        else 'unknown'
    end as status,
    case
        when printed_source in ('零钱', '余额') then 'balance'
        when printed_source in ('零钱通', '余额宝') then 'money_fund'
        when printed_source = '花呗' then 'wallet_credit'
        when printed_source = '银行卡' then 'bank_card'
        when printed_source is not null then 'other'
    end as payment_source,
    {{ china_to_utc('traded_at_local') }} as occurred_at,
    cast(traded_at_local as date) as business_date,
    time_precision,
    amount,
    refunded_amount,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from numbered
