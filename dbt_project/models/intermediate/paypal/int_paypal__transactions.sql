-- The three reports of PayPal in one form; the same transaction may be in all of them.
with settlement as (

    select * from {{ ref('stg_paypal__settlement') }}

),

detail as (

    select * from {{ ref('stg_paypal__transaction_detail') }}

),

activity as (

    -- Of money that goes out the sender is the merchant, and no payer.
    select
        *,
        case when is_credit then payer_key end as payer_email
    from {{ ref('stg_paypal__activity') }}

),

-- Activity names payers by their e-mail, the other two by PayPal's number: the transactions that both
-- have tell whose is whose. Of two numbers of one e-mail either says that it is one person.
numbers as (

    select activity.payer_email, min(numbered.payer_key) as payer_number
    from activity
    inner join (
        select movement_key, payer_key from settlement
        union all
        select movement_key, payer_key from detail
    ) as numbered
        on activity.movement_key = numbered.movement_key
    where activity.payer_email is not null and numbered.payer_key is not null
    group by activity.payer_email

),

unioned as (

    select
        'paypal_settlement' as source,
        1 as source_rank,
        movement_key,
        capture_key,
        refund_key,
        referenced_capture_key,
        dispute_key,
        cast(null as uuid) as event_key,
        cast(null as uuid) as attempt_key,
        order_key,
        payer_key,
        case when payer_key is not null then 'paypal_payer' end as payer_scope,
        cast(null as uuid) as product_key,
        row_kind,
        false as has_failures,
        'S' as status,
        event_code,
        is_credit,
        cast(null as varchar) as country,
        store_id,
        initiated_at,
        coalesce(completed_at, initiated_at) as occurred_at,
        currency,
        gross_amount,
        fee_amount,
        fee_currency,
        cast(null as decimal(18, 4)) as balance_after,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from settlement

    union all

    select
        'paypal_transaction_detail' as source,
        2 as source_rank,
        movement_key,
        capture_key,
        refund_key,
        referenced_capture_key,
        dispute_key,
        event_key,
        attempt_key,
        order_key,
        payer_key,
        case when payer_key is not null then 'paypal_payer' end as payer_scope,
        product_key,
        row_kind,
        true as has_failures,
        status,
        event_code,
        is_credit,
        country,
        store_id,
        initiated_at,
        coalesce(completed_at, initiated_at) as occurred_at,
        currency,
        gross_amount,
        fee_amount,
        fee_currency,
        cast(null as decimal(18, 4)) as balance_after,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from detail

    union all

    select
        'paypal_activity' as source,
        3 as source_rank,
        movement_key,
        capture_key,
        refund_key,
        referenced_capture_key,
        dispute_key,
        event_key,
        attempt_key,
        order_key,
        coalesce(numbers.payer_number, activity.payer_email) as payer_key,
        case
            when numbers.payer_number is not null then 'paypal_payer'
            when activity.payer_email is not null then 'paypal_email'
        end as payer_scope,
        product_key,
        row_kind,
        report = 'activity' as has_failures,
        status,
        event_code,
        is_credit,
        country,
        cast(null as varchar) as store_id,
        occurred_at as initiated_at,
        occurred_at,
        currency,
        gross_amount,
        fee_amount,
        currency as fee_currency,
        cast(null as decimal(18, 4)) as balance_after,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from activity
    left join numbers on activity.payer_email = numbers.payer_email

)

select
    *,
    {{ paypal_movement_kind('event_code', 'is_credit') }} as movement_kind,
    cast({{ local_ts('occurred_at') }} as date) as business_date
from unioned
where row_kind in ('movement', 'event')
