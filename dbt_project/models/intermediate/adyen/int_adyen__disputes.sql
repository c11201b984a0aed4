with lines as (

    select * from {{ ref('int_adyen__settlement_lines') }} where copy_rank = 1

),

events as (

    select * from {{ ref('int_adyen__events') }} where copy_rank = 1

),

-- A second chargeback follows the reversal of the first.
told as (

    select
        'adyen_settlement' as source,
        2 as source_rank,
        dispute_key,
        capture_key,
        order_key,
        wallet,
        movement_kind = 'dispute' as is_chargeback,
        type like 'second%' as is_second,
        created_at as told_at,
        business_date,
        coalesce(gross_currency, net_currency) as currency,
        abs(coalesce(gross_amount, net_amount)) as disputed_amount,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from lines
    where movement_kind in ('dispute', 'dispute_reversal') and dispute_key is not null

    union all

    select
        'adyen_accounting' as source,
        1 as source_rank,
        dispute_key,
        capture_key,
        order_key,
        wallet,
        event_type = 'chargeback' as is_chargeback,
        record_type like 'second%' as is_second,
        booked_at as told_at,
        business_date,
        currency,
        amount as disputed_amount,
        is_resaved,
        export_date,
        ingested_at,
        content_hash,
        file_sha256,
        row_number,
        source_file
    from events
    where event_type in ('chargeback', 'chargeback_reversed')

),

judged as (

    select
        *,
        min(case when is_chargeback then told_at end) over (partition by source, dispute_key)
            as opened_at,
        max(case when not is_chargeback then told_at end) over (partition by source, dispute_key)
            as reversed_at,
        max(case when is_chargeback and is_second then told_at end)
            over (partition by source, dispute_key) as second_at,
        row_number() over (
            partition by source, dispute_key order by told_at, file_sha256, row_number
        ) as place
    from told

)

select
    source,
    'adyen' as provider,
    dispute_key,
    capture_key,
    order_key,
    wallet,
    opened_at,
    cast(null as timestamp) as evidence_due_at,
    coalesce(second_at, reversed_at) as closed_at,
    business_date,
    case when second_at is not null then 'second_chargeback' else 'chargeback' end as dispute_stage,
    case
        when second_at is not null then 'lost'
        when reversed_at is not null then 'won'
        else 'open'
    end as dispute_status,
    cast(null as varchar) as dispute_reason,
    currency,
    disputed_amount,
    cast(null as decimal(18, 4)) as fee_amount,
    cast(null as varchar) as fee_currency,
    false as is_test,
    source_rank,
    true as is_derived,
    is_resaved,
    export_date,
    ingested_at,
    content_hash,
    file_sha256,
    row_number,
    source_file
from judged
where place = 1
