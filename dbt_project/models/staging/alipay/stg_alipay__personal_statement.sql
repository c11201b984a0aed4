with statement as (

    select * from {{ source('lake', 'alipay_personal_statement') }}

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
        when printed_status = '退款成功' then 'refund'
        when printed_status like '还款%' then 'own_account'
        else 'payment'
    end as line_kind,
    case
        when printed_status like '%成功%' then 'succeeded'
        -- Never paid, or paid and given back as a whole: the statement does not tell which.
        when printed_status like '%关闭%' then 'closed'
        when printed_status like '%等待%' or printed_status like '%处理中%' then 'pending'
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
