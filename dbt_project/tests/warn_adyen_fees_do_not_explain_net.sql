-- Of an Adyen payment settled in its own currency, gross minus net is commission, markup, scheme fees and
-- interchange. Where it is not, the account has a fee in a column that is not read.
{{ config(
    severity='warn',
    meta={
        'description': 'Settled payments whose fees do not explain the net amount',
        'dagster': {'ref': {'name': 'stg_adyen__settlement'}},
    }
) }}

with settlement as (

    select * from {{ ref('stg_adyen__settlement') }}

)

select file_sha256, row_number, gross_amount, fee_amount, net_amount
from settlement
where movement_kind in ('payment', 'refund')
    and gross_currency = net_currency
    and abs(gross_amount - fee_amount - net_amount) >= 0.005
