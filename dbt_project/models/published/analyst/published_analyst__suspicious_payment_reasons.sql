{{ config(alias='suspicious_payment_reasons') }}

with reasons as (

    select * from {{ source('analysis', 'suspicious_payment_reasons') }}

)

select
    cast(case_key as uuid) as case_key,
    cast(risk_reason as varchar) as risk_reason,
    cast(reason_score as double) as reason_score,
    cast(evidence_value as double) as evidence_value,
    cast(evidence_threshold as double) as evidence_threshold,
    date_trunc('hour', cast(window_started_at as timestamp)) as window_started_hour,
    date_trunc('hour', cast(window_ended_at as timestamp)) as window_ended_hour
from reasons
