{{ config(alias='fct_suspicious_payments') }}

with suspicious_payments as (

    select * from {{ source('analysis', 'suspicious_payments') }}

)

select
    cast(case_key as uuid) as case_key,
    cast(case_kind as varchar) as case_kind,
    cast(order_key as uuid) as order_key,
    cast(user_key as uuid) as user_key,
    cast(device_key as uuid) as device_key,
    cast(ip_block_key as uuid) as ip_block_key,
    cast(operator_key as uuid) as operator_key,
    cast(provider as varchar) as provider,
    cast(wallet as varchar) as wallet,
    cast(amount as decimal(18,4)) as amount,
    cast(currency as varchar) as currency,
    cast(amount_band as varchar) as amount_band,
    date_trunc('hour', cast(occurred_at as timestamp)) as occurred_hour,
    cast(business_date as date) as business_date,
    cast(local_hour as integer) as local_hour,
    cast(resolved_outcome as varchar) as resolved_outcome,
    cast(step_up as varchar) as step_up,
    cast(is_new_device as boolean) as is_new_device,
    cast(risk_reasons as varchar) as risk_reasons,
    cast(reason_count as bigint) as reason_count,
    cast(rule_score as double) as rule_score,
    cast(model_score as double) as model_score,
    cast(anomaly_score as double) as anomaly_score,
    cast(risk_score as double) as risk_score,
    cast(queue_rank as bigint) as queue_rank,
    cast(rank_of_day as bigint) as rank_of_day,
    cast(is_alert as boolean) as is_alert,
    cast(disposition as varchar) as disposition,
    date_trunc('hour', cast(decided_at as timestamp)) as decided_hour
from suspicious_payments
