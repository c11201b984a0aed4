-- Late-arriving parents: a refund may come a year after its payment, so the payment's bill may not be
-- among the files yet.
{{ config(
    severity='warn',
    meta={
        'description': 'Refunds whose payment is in no file so far',
        'dagster': {'ref': {'name': 'fct_refunds'}},
    }
) }}

select refund_key, business_date from {{ ref('fct_refunds') }} where is_orphan
