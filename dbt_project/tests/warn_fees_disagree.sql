-- The fee that the trade bill prints beside a payment against what was taken from the account for it.
{{ config(
    severity='warn',
    meta={
        'description': 'Payments whose fee in the trade bill is not what the funds or account bill '
            'shows as taken; the account is the truth',
        'dagster': {'ref': {'name': 'fct_balance_movements'}},
    }
) }}

with taken as (

    select capture_key, currency, sum(fee_amount) as fee_amount
    from {{ ref('fct_balance_movements') }}
    where movement_kind = 'fee' and source in ('alipay_account_bill', 'wechat_funds_bill')
    group by capture_key, currency

)

select captures.capture_key, captures.source, captures.fee_amount, taken.fee_amount as fee_taken
from {{ ref('fct_captures') }} as captures
inner join taken
    on captures.capture_key = taken.capture_key and captures.fee_currency = taken.currency
where captures.fee_amount <> taken.fee_amount
