with captures as (

    select * from {{ ref('int_captures__deduplicated') }}

),

payers as (

    select * from {{ ref('int_payers__customers') }}

),

attempts as (

    select
        order_key,
        -- A provider's own lines may name a payer, who is not the merchant's customer id.
        case when user_key_scope = 'subject' then user_key end as user_key,
        is_test,
        attempts_in_order
    from {{ ref('fct_payment_attempts') }}

),

-- No bill says which of the merchant's customers paid, or that it was the merchant trying out: the
-- attempt log does, through the order. Only orders with several attempts need adding up.
order_users as (

    select order_key, user_key, is_test
    from attempts
    where attempts_in_order = 1

    union all

    select order_key, min(user_key) as user_key, bool_or(is_test) as is_test
    from attempts
    where attempts_in_order > 1
    group by order_key

)

select
    captures.capture_key,
    captures.order_key,
    -- A provider's own id of the payer stands in where neither the log, nor the bill, nor another order
    -- of the payer has the merchant's.
    coalesce(order_users.user_key, captures.user_key, payers.user_key, captures.payer_key) as user_key,
    case
        when coalesce(order_users.user_key, captures.user_key, payers.user_key) is not null then 'subject'
        when captures.payer_key is not null then captures.payer_scope
    end as user_key_scope,
    captures.provider,
    -- An export without a wallet column cannot say: never guessed to be the bare card.
    coalesce(captures.wallet, 'unknown') as wallet,
    captures.method_family,
    captures.funding_brand,
    captures.method,
    captures.country,
    -- CMB_DEBIT, COMM_CREDIT, …; OTHERS and CFT are money inside WeChat.
    case
        when captures.bank_type in ('OTHERS', 'CFT') then null
        else regexp_replace(captures.bank_type, '_(DEBIT|CREDIT|ECNY)$', '')
    end as bank,
    case
        when captures.bank_type is null then null
        when captures.bank_type like '%!_DEBIT' escape '!' then 'debit'
        when captures.bank_type like '%!_CREDIT' escape '!' then 'credit'
        else 'balance_or_other'
    end as instrument_kind,
    captures.captured_at,
    captures.business_date,
    captures.time_precision,
    captures.amount,
    captures.settlement_amount,
    captures.coupon_amount,
    captures.merchant_discount_amount,
    captures.wallet_discount_amount,
    captures.settlement_currency,
    captures.fee_amount,
    captures.fee_currency,
    captures.fee_rate,
    captures.fx_rate,
    captures.currency,
    captures.product_key,
    captures.store_id,
    captures.sub_merchant_id,
    order_users.order_key is not null as has_attempt,
    captures.is_test or coalesce(order_users.is_test, false) as is_test,
    captures.is_fee_borrowed,
    captures.is_derived,
    captures.source,
    captures.file_sha256,
    {{ archive_member('captures.source_file') }} as file_member,
    captures.row_number
from captures
left join order_users on captures.order_key = order_users.order_key
left join payers
    on captures.payer_scope = payers.payer_scope
    and captures.payer_key = payers.payer_key
