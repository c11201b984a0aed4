with attempts as (

    select * from {{ ref('fct_payment_attempts') }} where not is_test

),

captures as (

    select * from {{ ref('fct_captures') }} where not is_test

),

refunds as (

    select * from {{ ref('fct_refunds') }} where not is_test

),

payouts as (

    select * from {{ ref('fct_payouts') }}

),

files as (

    select * from {{ ref('stg_ingest__files') }}

),

newest as (

    select {{ newest_business_date() }} as newest_date

),

-- Only a day of which a bill of the provider is there can lack a payment; a bill not yet downloaded is
-- no difference.
billed_days as (

    select distinct provider, business_date from captures

),

logged_days as (

    select distinct provider, business_date from attempts where source = 'payment_attempts'

),

captured_orders as (

    select order_key, provider, currency, count(*) as captures, sum(amount) as amount
    from captures
    group by order_key, provider, currency

),

-- The log says paid, the provider's bill of this day does not.
missing_in_bill as (

    select
        'missing_in_bill' as difference_kind,
        attempts.attempt_key as subject_key,
        attempts.provider,
        attempts.wallet,
        attempts.order_key,
        attempts.business_date,
        attempts.currency,
        attempts.amount as amount_here,
        cast(null as decimal(18, 4)) as amount_there,
        attempts.source,
        attempts.file_sha256,
        attempts.file_member,
        attempts.row_number
    from attempts
    inner join billed_days
        on attempts.provider = billed_days.provider
        and attempts.business_date = billed_days.business_date
    where attempts.outcome = 'succeeded' and not attempts.confirmed_by_bill

),

-- The bill has a payment whose order no attempt of this day or any other names.
missing_in_log as (

    select
        'missing_in_log' as difference_kind,
        captures.capture_key as subject_key,
        captures.provider,
        captures.wallet,
        captures.order_key,
        captures.business_date,
        captures.currency,
        captures.amount as amount_here,
        cast(null as decimal(18, 4)) as amount_there,
        captures.source,
        captures.file_sha256,
        captures.file_member,
        captures.row_number
    from captures
    inner join logged_days
        on captures.provider = logged_days.provider
        and captures.business_date = logged_days.business_date
    where not captures.has_attempt

),

amount_differs as (

    select
        'amount_differs' as difference_kind,
        attempts.attempt_key as subject_key,
        attempts.provider,
        attempts.wallet,
        attempts.order_key,
        attempts.business_date,
        attempts.currency,
        attempts.amount as amount_here,
        captured_orders.amount as amount_there,
        attempts.source,
        attempts.file_sha256,
        attempts.file_member,
        attempts.row_number
    from attempts
    inner join captured_orders
        on attempts.order_key = captured_orders.order_key
        and attempts.provider = captured_orders.provider
        and attempts.currency = captured_orders.currency
    where
        attempts.confirmed_by_bill
        and captured_orders.captures = 1
        and attempts.amount <> captured_orders.amount

),

late_success as (

    select
        'late_success' as difference_kind,
        attempt_key as subject_key,
        provider,
        wallet,
        order_key,
        business_date,
        currency,
        amount as amount_here,
        amount as amount_there,
        source,
        file_sha256,
        file_member,
        row_number
    from attempts
    where is_late_success

),

paid_twice as (

    select
        'paid_twice' as difference_kind,
        capture_key as subject_key,
        provider,
        wallet,
        order_key,
        business_date,
        currency,
        amount as amount_here,
        cast(null as decimal(18, 4)) as amount_there,
        source,
        file_sha256,
        file_member,
        row_number
    from (
        select
            captures.*,
            row_number() over (
                partition by captures.order_key order by captures.captured_at, captures.capture_key
            ) as place
        from captures
    ) as placed
    where place > 1

),

orphan_refund as (

    select
        'orphan_refund' as difference_kind,
        refund_key as subject_key,
        provider,
        wallet,
        order_key,
        business_date,
        currency,
        refund_amount as amount_here,
        cast(null as decimal(18, 4)) as amount_there,
        source,
        file_sha256,
        file_member,
        row_number
    from refunds
    where is_orphan

),

-- The line that says what was paid out; what it should have been is the sum of many lines.
payout_lines as (

    select
        provider,
        payout_key,
        currency,
        source,
        file_sha256,
        file_member,
        row_number,
        row_number() over (
            partition by provider, payout_key, currency order by occurred_at, movement_key
        ) as place
    from {{ ref('fct_balance_movements') }}
    where movement_kind = 'payout' and payout_key is not null

),

payout_differs as (

    select
        'payout_differs' as difference_kind,
        payouts.payout_line_key as subject_key,
        payouts.provider,
        cast(null as varchar) as wallet,
        cast(null as uuid) as order_key,
        payouts.business_date,
        payouts.currency,
        payouts.payout_amount as amount_here,
        payouts.items_amount as amount_there,
        payout_lines.source,
        payout_lines.file_sha256,
        payout_lines.file_member,
        payout_lines.row_number
    from payouts
    inner join payout_lines
        on payouts.provider = payout_lines.provider
        and payouts.payout_key = payout_lines.payout_key
        and payouts.currency = payout_lines.currency
        and payout_lines.place = 1
    where payouts.difference <> 0

),

-- Copies of one payment or refund by which of them counts. Within one kind of report: another kind may
-- tell it in the currency of the settlement.
placed as (

    select
        capture_key as subject_key,
        provider,
        wallet,
        order_key,
        business_date,
        currency,
        amount,
        is_test,
        source,
        file_sha256,
        source_file,
        row_number,
        row_number() over (partition by capture_key, source order by copy_rank) as place
    from {{ ref('int_captures__repeated') }}

    union all

    select
        refund_key,
        provider,
        wallet,
        order_key,
        business_date,
        currency,
        requested_amount,
        is_test,
        source,
        file_sha256,
        source_file,
        row_number,
        row_number() over (partition by refund_key, source order by copy_rank)
    from {{ ref('int_refunds__repeated') }}

),

-- The same payment or refund once more with another amount, in a line that does not count.
copies_differ as (

    select
        copies.subject_key,
        copies.provider,
        copies.wallet,
        copies.order_key,
        copies.business_date,
        copies.currency,
        copies.amount as amount_here,
        case when counted.currency = copies.currency then counted.amount end as amount_there,
        copies.source,
        copies.file_sha256,
        {{ archive_member('copies.source_file') }} as file_member,
        copies.row_number
    from placed as copies
    inner join placed as counted
        on copies.subject_key = counted.subject_key
        and copies.source = counted.source
        and counted.place = 1
    where copies.place > 1 and not copies.is_test and (
        copies.amount <> counted.amount or copies.currency <> counted.currency
    )

),

-- A file whose own totals disagree with its rows was not loaded at all.
totals_disagree as (

    select
        'control_total_mismatch' as difference_kind,
        cast(null as uuid) as subject_key,
        cast(null as varchar) as provider,
        cast(null as varchar) as wallet,
        cast(null as uuid) as order_key,
        export_date as business_date,
        cast(null as varchar) as currency,
        cast(null as decimal(18, 4)) as amount_here,
        cast(null as decimal(18, 4)) as amount_there,
        source,
        file_sha256,
        member as file_member,
        cast(null as bigint) as row_number
    from files
    where status = 'quarantined' and reason = 'control_total_mismatch'

),

unioned as (

    select * from missing_in_bill
    union all
    select * from missing_in_log
    union all
    select * from amount_differs
    union all
    select * from late_success
    union all
    select * from paid_twice
    union all
    select * from orphan_refund
    union all
    select * from payout_differs
    union all
    select 'copies_differ', copies_differ.* from copies_differ
    union all
    select * from totals_disagree

)

select
    {{ derived_key([
        'unioned.difference_kind', 'unioned.subject_key', 'unioned.file_sha256', 'unioned.file_member',
        'unioned.row_number'
    ]) }} as difference_key,
    unioned.difference_kind,
    unioned.subject_key,
    unioned.provider,
    unioned.wallet,
    unioned.order_key,
    unioned.business_date,
    {{ days_between('unioned.business_date', 'newest.newest_date') }} as age_days,
    unioned.currency,
    cast(unioned.amount_here as decimal(38, 4)) as amount_here,
    cast(unioned.amount_there as decimal(38, 4)) as amount_there,
    cast(unioned.amount_here - unioned.amount_there as decimal(38, 4)) as amount_difference,
    unioned.source,
    files.source_file,
    unioned.file_sha256,
    unioned.file_member,
    unioned.row_number
from unioned
cross join newest
left join files
    on unioned.file_sha256 = files.file_sha256
    and coalesce(unioned.file_member, '') = coalesce(files.member, '')
