with movements as (

    select * from {{ ref('fct_balance_movements') }} where payout_key is not null

),

summed as (

    select
        provider,
        payout_key,
        currency,
        min(case when movement_kind = 'payout' then occurred_at end) as paid_out_at,
        max(business_date) as business_date,
        sum(case when movement_kind = 'payout' then -net_amount else 0 end) as payout_amount,
        sum(case when movement_kind = 'payout_failure' then net_amount else 0 end) as returned_amount,
        sum(case when movement_kind = 'payment' then coalesce(gross_amount, net_amount) else 0 end)
            as payments_amount,
        sum(case when movement_kind = 'refund' then coalesce(gross_amount, net_amount) else 0 end)
            as refunds_amount,
        sum(
            case when movement_kind in ('dispute', 'dispute_reversal')
                then coalesce(gross_amount, net_amount) else 0 end
        ) as disputes_amount,
        sum(
            case
                when movement_kind in ('fee', 'fee_refund') then -net_amount
                when movement_kind not in ('payout', 'payout_failure') then coalesce(fee_amount, 0)
                else 0
            end
        ) as fees_amount,
        sum(case when movement_kind not in ('payout', 'payout_failure') then net_amount else 0 end)
            as items_amount,
        sum(case when movement_kind not in ('payout', 'payout_failure') then 1 else 0 end) as items,
        max(case when movement_kind = 'payout' then 1 else 0 end) = 1 as has_payout
    from movements
    group by provider, payout_key, currency

)

select
    {{ derived_key(['provider', 'payout_key', 'currency']) }} as payout_line_key,
    payout_key,
    provider,
    currency,
    paid_out_at,
    business_date,
    cast(items as bigint) as items,
    cast(payout_amount as decimal(38, 4)) as payout_amount,
    cast(returned_amount as decimal(38, 4)) as returned_amount,
    cast(items_amount as decimal(38, 4)) as items_amount,
    cast(payments_amount as decimal(38, 4)) as payments_amount,
    cast(refunds_amount as decimal(38, 4)) as refunds_amount,
    cast(disputes_amount as decimal(38, 4)) as disputes_amount,
    cast(fees_amount as decimal(38, 4)) as fees_amount,
    -- Only a payout that is in the files, with its items, can be compared.
    case when has_payout and items > 0 then cast(payout_amount - items_amount as decimal(38, 4)) end
        as difference
from summed
