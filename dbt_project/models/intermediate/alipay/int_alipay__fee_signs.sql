-- Whether the trade bills of a file print a charged fee (服务费) positive or negative. The summary beside
-- the list proves it through 实收净额; else the file's own payments do, since on a payment a fee is
-- always a charge.
with fees as (

    select
        file_sha256,
        sum(case when row_kind = 'payment' then printed_service_fee else 0 end) as of_payments,
        sum(printed_service_fee) as of_all
    from {{ ref('stg_alipay__trade_bill') }}
    where printed_service_fee <> 0 and row_kind in ('payment', 'refund')
    group by file_sha256

),

summaries as (

    select file_sha256, sum(expected) as charged
    from {{ ref('stg_ingest__control_totals') }}
    where source = 'alipay_trade_bill' and total_name = 'summary_fee_charged' and is_matched
    group by file_sha256

)

select
    fees.file_sha256,
    case
        when summaries.charged <> 0 and fees.of_all <> 0 then 'summary'
        when fees.of_payments <> 0 then 'payments'
    end as evidence,
    case
        when summaries.charged <> 0 and fees.of_all <> 0
            then cast(sign(summaries.charged) * sign(fees.of_all) as integer)
        when fees.of_payments <> 0 then cast(sign(fees.of_payments) as integer)
    end as charge_sign
from fees
left join summaries on fees.file_sha256 = summaries.file_sha256
