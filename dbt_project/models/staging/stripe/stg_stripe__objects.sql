{%- set money = [
    'amount', 'amount_captured', 'amount_received', 'amount_refunded', 'fee', 'net'
] -%}
with objects as (

    select * from {{ source('lake', 'stripe_api') }}

),

units as (

    {{ minor_units('stripe_api') }}

),

typed as (

    select
        object,
        cast(object_key as uuid) as object_key,
        cast(charge_key as uuid) as charge_key,
        cast(intent_key as uuid) as intent_key,
        coalesce(cast(latest_charge_key as uuid), cast(last_error_charge_key as uuid))
            as intent_charge_key,
        cast(source_key as uuid) as source_key,
        source as source_id,
        cast(refund_key as uuid) as refund_key,
        cast(dispute_key as uuid) as dispute_key,
        cast(movement_key as uuid) as movement_key,
        cast(payout_key as uuid) as payout_key,
        cast(payer_key as uuid) as payer_key,
        cast(order_key as uuid) as order_key,
        cast(user_key as uuid) as user_key,

        status,
        coalesce(captured, 'true') as captured,
        coalesce(livemode = 'false', false) as is_test,
        coalesce(
            method_type, failed_method_type,
            case when intent_second_type is null then intent_method_type end
        ) as payment_type,
        nullif(coalesce(wallet_online, wallet_in_person, wallet_of_failure), 'unknown')
            as card_wallet,
        -- A charge describes its method whole; an intent only allows some.
        coalesce(method_type, failed_method_type) is not null as has_wallet,
        {{ card_brand('coalesce(brand_online, brand_in_person)') }} as funding_brand,
        upper(card_country) as country,
        three_d_secure,
        coalesce(failure_code, last_error_code) as error_code,
        coalesce(outcome_reason, last_error_decline_code) as error_sub_code,
        coalesce(advice_code, last_error_advice_code) as advice_code,
        network_status,
        network_decline_code,
        network_advice_code,
        risk_level,
        reason,
        failure_reason,
        coalesce(reporting_category, transaction_type) as reporting_category,
        event_type_raw as event_type,

        {{ iso_time('created') }} as created_at,
        {{ iso_time('event_created') }} as event_at,
        {{ iso_time('available_on') }} as available_at,
        {{ iso_time('due_by') }} as due_at,

        upper(currency) as currency,
        {%- for column in money %}
        {{ from_minor_units(column, 'units') }} as {{ column }},
        {%- endfor %}
        {{ from_minor_units('settled_amount', 'settled_units') }} as settled_amount,
        {{ from_minor_units('settled_fee', 'settled_units') }} as settled_fee,
        upper(settled_currency) as settled_currency,
        try_cast(exchange_rate as double) as exchange_rate,
        {{ from_minor_units('dispute_fee', 'dispute_fee_units') }} as dispute_fee,
        upper(dispute_fee_currency) as dispute_fee_currency,

        _resaved as is_resaved,
        _export_date as export_date,
        _ingested_at as ingested_at,
        _content_hash as content_hash,
        _file_sha256 as file_sha256,
        _row_number as row_number,
        _source_file as source_file

    from objects
    left join units on upper(objects.currency) = units.iso_code
    left join units as settled_units on upper(objects.settled_currency) = settled_units.iso_code
    left join units as dispute_fee_units
        on upper(objects.dispute_fee_currency) = dispute_fee_units.iso_code

)

select
    *,
    case
        when object not in ('charge', 'refund', 'dispute', 'payment_intent', 'balance_transaction')
            then 'out_of_scope'
        when created_at is null or amount is null then 'unreadable'
        when object = 'charge' and status = 'succeeded' and captured <> 'false' then 'capture'
        when object in ('charge', 'payment_intent') then 'attempt'
        when object = 'refund' then 'refund'
        when object = 'dispute' then 'dispute'
        else 'movement'
    end as row_kind,
    case
        when object = 'charge' and status = 'succeeded' and captured <> 'false' then 'succeeded'
        when object = 'charge' and status = 'failed' then 'failed'
        when object = 'payment_intent' and status = 'succeeded' then 'succeeded'
        -- A new intent waits for its method; one that waits later was refused or left.
        when object = 'payment_intent' and event_type = 'payment_intent_created' then 'unknown'
        when object = 'payment_intent' and status in ('requires_payment_method', 'canceled')
            then 'failed'
        when object in ('charge', 'payment_intent') then 'unknown'
    end as outcome,
    {{ stripe_wallet('payment_type', 'card_wallet', "'false'", 'false', 'has_wallet') }} as wallet,
    cast({{ local_ts('created_at') }} as date) as business_date,
    -- The newest state of an object, as its events tell it.
    row_number() over (
        partition by object, object_key
        order by
            coalesce(event_at, created_at) desc,
            case when status in ('succeeded', 'failed', 'won', 'lost', 'canceled') then 0 else 1 end,
            export_date desc nulls last, content_hash, file_sha256, source_file, row_number
    ) as age
from typed
