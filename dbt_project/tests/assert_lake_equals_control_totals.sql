-- What staging adds up per document = what the document states about itself. Ingest compared the same
-- on raw text; this shows that typing and the kinds of rows lose nothing afterwards.
{{ config(
    meta={
        'description': 'Sums of typed rows differ from what the files state about themselves',
        'dagster': {'ref': {'name': 'rpt_file_conservation'}},
    }
) }}

with wechat_pay as (

    select *, {{ archive_member('source_file') }} as member
    from {{ ref('stg_wechat_pay__trade_bill') }}
    where row_kind in ('payment', 'refund', 'revocation')

),

alipay as (

    select *, {{ archive_member('source_file') }} as member
    from {{ ref('stg_alipay__trade_bill') }}
    where row_kind in ('payment', 'refund')

),

-- A document with a row that could not be dated cannot add up; it is told of by another test.
incomplete as (

    select distinct file_sha256, file_member
    from {{ ref('int_rows__not_in_facts') }}
    where disposition in ('unreadable', 'irrelevant')

),

documents as (

    select file_sha256 from {{ ref('rpt_file_conservation') }}

),

summed as (

    select
        file_sha256,
        member,
        sum(settlement_amount) as settlement_amount,
        sum(case when row_kind = 'payment' then order_amount else 0 end) as order_amount,
        sum(case when row_kind <> 'payment' then refund_amount else 0 end) as refund_amount,
        sum(case when row_kind <> 'payment' then requested_refund_amount else 0 end)
            as requested_refund_amount,
        sum(fee) as fee
    from wechat_pay
    group by file_sha256, member

),

found as (

    select file_sha256, member, 'settlement_amount' as total_name, settlement_amount as amount
    from summed
    union all
    select file_sha256, member, 'order_amount', order_amount from summed
    union all
    select file_sha256, member, 'refund_amount', refund_amount from summed
    union all
    select file_sha256, member, 'requested_refund_amount', requested_refund_amount from summed
    union all
    select file_sha256, member, 'fee', fee from summed
    union all
    select file_sha256, member, row_kind || '_count', count(*)
    from alipay
    group by file_sha256, member, row_kind
    union all
    select file_sha256, member, row_kind || '_received_amount', sum(received_amount)
    from alipay
    group by file_sha256, member, row_kind

)

select totals.file_sha256, totals.total_name, totals.expected, found.amount
from {{ ref('stg_ingest__control_totals') }} as totals
inner join found
    on totals.file_sha256 = found.file_sha256
    and totals.member = found.member
    and totals.total_name = found.total_name
where
    -- Half a cent, as in ingest: footers round five decimals to two. Alipay's refunds are negative.
    coalesce(abs(abs(totals.expected) - abs(found.amount)) >= 0.005, true)
    and totals.file_sha256 in (select file_sha256 from documents)
    and not exists (
        select 1 from incomplete
        where incomplete.file_sha256 = totals.file_sha256
            and incomplete.file_member = totals.member
    )
