with disputes as (

    select * from {{ ref('int_disputes__deduplicated') }}

),

captures as (

    select capture_key, order_key, wallet, user_key, captured_at, is_test
    from {{ ref('fct_captures') }}

)

select
    disputes.dispute_key,
    disputes.capture_key,
    coalesce(disputes.order_key, captures.order_key) as order_key,
    captures.user_key,
    disputes.provider,
    coalesce(disputes.wallet, captures.wallet, 'unknown') as wallet,
    disputes.opened_at,
    disputes.evidence_due_at,
    disputes.closed_at,
    captures.captured_at,
    disputes.business_date,
    disputes.dispute_stage,
    disputes.dispute_status,
    disputes.dispute_reason,
    disputes.currency,
    disputes.disputed_amount,
    disputes.fee_amount,
    disputes.fee_currency,
    disputes.is_test or coalesce(captures.is_test, false) as is_test,
    disputes.is_derived,
    disputes.source,
    disputes.file_sha256,
    {{ archive_member('disputes.source_file') }} as file_member,
    disputes.row_number
from disputes
left join captures on disputes.capture_key = captures.capture_key
