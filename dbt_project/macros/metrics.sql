{#- The metrics: what is counted, and what is divided by what. Every model, report and notebook takes
    them from here, so that no rate is defined twice; names and meaning in both languages are in the
    seed `metric_definitions`, under the same ids.

    A measure is an aggregate over the rows of one fact; test traffic is left out by the model. A metric
    is a ratio of measures, and therefore right at every grain at which the measures were added up. Where
    a report counts against another row of its own (the step before, the plan's payments, all failures of
    the value), its columns are the measures: of `step`, `plan`, `cause`, `use` and `cohort`. -#}

{#- Fact -> {measure: SQL over its rows}. `step_up` counts attempts that were paid. -#}
{% macro measures_of(fact) -%}
    {{ return({
        'attempt': {
            'attempts': "count(*)",
            'succeeded': "sum(case when resolved_outcome = 'succeeded' then 1 else 0 end)",
            'failed': "sum(case when resolved_outcome = 'failed' then 1 else 0 end)",
            'unknown': "sum(case when resolved_outcome = 'unknown' then 1 else 0 end)",
            'late_successes': "sum(case when is_late_success then 1 else 0 end)",
            'soft_declines': "sum(case when resolved_outcome = 'failed' and retryable in ('now', 'later') then 1 else 0 end)",
            'hard_declines': "sum(case when resolved_outcome = 'failed' and retryable in ('never', 'with_other_method') then 1 else 0 end)",
            'integration_errors': "sum(case when failure_category in ('invalid_request', 'merchant_configuration') then 1 else 0 end)",
            'technical_errors': "sum(case when failure_category in ('issuer_unavailable', 'processing_error') then 1 else 0 end)",
            'risk_blocks': "sum(case when failure_category = 'suspected_fraud' then 1 else 0 end)",
            'retries': "sum(case when is_retry then 1 else 0 end)",
            'amount_attempted': "sum(amount)",
            'amount_succeeded': "sum(case when resolved_outcome = 'succeeded' then amount else 0 end)",
            'amount_failed': "sum(case when resolved_outcome = 'failed' then amount else 0 end)",
            'amount_unmapped': "sum(case when resolved_outcome = 'failed' and not is_code_mapped then amount else 0 end)",
        },
        'order': {
            'orders': "count(*)",
            'orders_succeeded': "sum(case when final_outcome = 'succeeded' then 1 else 0 end)",
            'order_attempts': "sum(attempts)",
            'orders_first_succeeded': "sum(case when first_outcome = 'succeeded' then 1 else 0 end)",
            'orders_first_failed': "sum(case when first_outcome = 'failed' then 1 else 0 end)",
            'orders_retried': "sum(case when first_outcome = 'failed' and attempts > 1 then 1 else 0 end)",
            'orders_recovered': "sum(case when is_recovered then 1 else 0 end)",
            'orders_recovered_by_retry': "sum(case when recovery_type = 'retry' then 1 else 0 end)",
            'orders_recovered_by_other_wallet': "sum(case when recovery_type = 'other_wallet' then 1 else 0 end)",
            'orders_abandoned': "sum(case when first_outcome = 'failed' and attempts = 1 and amount_lost > 0 then 1 else 0 end)",
            'amount_at_risk': "sum(amount_at_risk)",
            'amount_recovered': "sum(amount_recovered)",
            'amount_recovered_by_other_wallet': "sum(case when recovery_type = 'other_wallet' then amount_recovered else 0 end)",
            'amount_lost': "sum(amount_lost)",
            'amount_open': "sum(amount_open)",
        },
        'capture': {
            'captures': "count(*)",
            'captured_amount': "sum(amount)",
            'refunded_captures': "sum(case when refunded_amount > 0 then 1 else 0 end)",
            'refunded_amount': "sum(coalesce(refunded_amount, 0))",
            'disputed_captures': "sum(case when is_disputed then 1 else 0 end)",
        },
        'refund': {
            'refunds': "sum(case when refund_status <> 'failed' then 1 else 0 end)",
            'refunds_submitted': "count(*)",
            'refunds_failed': "sum(case when refund_status = 'failed' then 1 else 0 end)",
            'refunds_pending': "sum(case when refund_status = 'pending' then 1 else 0 end)",
            'refunds_linked': "sum(case when refund_status <> 'failed' and not is_orphan then 1 else 0 end)",
            'refunds_partial': "sum(case when refund_status <> 'failed' and is_partial then 1 else 0 end)",
            'refunds_due': "sum(case when is_sla_due then 1 else 0 end)",
            'sla_breaches': "sum(case when is_sla_breached then 1 else 0 end)",
            'amount_given_back': "sum(case when refund_status <> 'failed' then requested_amount else 0 end)",
        },
        'ticket': {
            'tickets': "count(*)",
            'tickets_answered': "sum(case when first_response_seconds is not null then 1 else 0 end)",
            'tickets_resolved': "sum(case when is_resolved then 1 else 0 end)",
        },
        'feedback': {
            'answers': "count(*)",
            'csat_answers': "sum(case when is_satisfied is not null then 1 else 0 end)",
            'csat_satisfied': "sum(case when is_satisfied then 1 else 0 end)",
            'nps_answers': "sum(case when nps_group is not null then 1 else 0 end)",
            'nps_balance': "sum(case nps_group when 'promoter' then 100 when 'detractor' then -100 else 0 end)",
        },
        'request': {
            'requests': "sum(case when is_error_only then 0 else 1 end)",
            'request_errors': "sum(case when is_error and not is_error_only and not coalesce(is_expected_error, false) then 1 else 0 end)",
            'expected_errors': "sum(case when is_expected_error and not is_error_only then 1 else 0 end)",
        },
        'step_up': {
            'attempts_told': "sum(case when step_up is not null then 1 else 0 end)",
            'attempts_stepped_up': "sum(case when step_up = 'passed' then 1 else 0 end)",
            'amount_without_step_up': "sum(case when step_up <> 'passed' then amount else 0 end)",
        },
        'fee': {
            'fee_captures': "count(distinct case when fee_kind = 'payment' then capture_key end)",
            'fee_amount': "sum(case when base_amount is not null then fee_amount end)",
            'fee_base_amount': "sum(base_amount)",
        },
    }[fact]) }}
{%- endmacro %}

{#- Metric -> [fact, numerator, denominator] over names of measures. -#}
{% macro metrics() -%}
    {{ return({
        'attempt_success_rate': ['attempt', 'succeeded', 'succeeded + failed'],
        'attempt_success_rate_by_value': ['attempt', 'amount_succeeded', 'amount_succeeded + amount_failed'],
        'failure_rate': ['attempt', 'failed', 'succeeded + failed'],
        'unknown_share': ['attempt', 'unknown', 'attempts'],
        'authorisation_rate': ['attempt', 'succeeded', 'succeeded + failed - integration_errors'],
        'acceptance_rate': ['attempt', 'succeeded', 'attempts'],
        'soft_decline_share': ['attempt', 'soft_declines', 'failed'],
        'hard_decline_share': ['attempt', 'hard_declines', 'failed'],
        'integration_error_rate': ['attempt', 'integration_errors', 'attempts'],
        'technical_error_rate': ['attempt', 'technical_errors', 'attempts'],
        'risk_block_rate': ['attempt', 'risk_blocks', 'attempts'],
        'unmapped_failure_share': ['attempt', 'amount_unmapped', 'amount_failed'],
        'first_attempt_success_rate': ['order', 'orders_first_succeeded', 'orders_first_succeeded + orders_first_failed'],
        'order_success_rate': ['order', 'orders_succeeded', 'orders'],
        'attempts_per_order': ['order', 'order_attempts', 'orders'],
        'retry_rate': ['order', 'orders_retried', 'orders_first_failed'],
        'recovery_rate': ['order', 'orders_recovered', 'orders_first_failed'],
        'recovery_by_retry_rate': ['order', 'orders_recovered_by_retry', 'orders_first_failed'],
        'recovery_by_other_wallet_rate': ['order', 'orders_recovered_by_other_wallet', 'orders_first_failed'],
        'recovery_rate_by_value': ['order', 'amount_recovered', 'amount_at_risk'],
        'abandonment_after_failure_rate': ['order', 'orders_abandoned', 'orders_first_failed'],
        'refund_rate_by_count': ['capture', 'refunded_captures', 'captures'],
        'refund_rate_by_value': ['capture', 'refunded_amount', 'captured_amount'],
        'dispute_rate': ['capture', 'disputed_captures', 'captures'],
        'partial_share': ['refund', 'refunds_partial', 'refunds_linked'],
        'refund_failure_rate': ['refund', 'refunds_failed', 'refunds_submitted'],
        'sla_breach_rate': ['refund', 'sla_breaches', 'refunds_due'],
        'ticket_response_rate': ['ticket', 'tickets_answered', 'tickets'],
        'ticket_resolution_rate': ['ticket', 'tickets_resolved', 'tickets'],
        'satisfaction_rate': ['feedback', 'csat_satisfied', 'csat_answers'],
        'net_promoter_score': ['feedback', 'nps_balance', 'nps_answers'],
        'request_error_rate': ['request', 'request_errors', 'requests'],
        'step_up_coverage': ['step_up', 'attempts_stepped_up', 'attempts_told'],
        'effective_fee_rate': ['fee', 'fee_amount', 'fee_base_amount'],
        'planned_fee_rate': ['plan', 'planned_fees', 'volume'],
        'share_of_failures': ['cause', 'failed', 'all_failed'],
        'step_conversion_rate': ['step', 'visits', 'visits_before'],
        'checkout_conversion_rate': ['step', 'visits', 'checkout_visits'],
        'one_tap_share': ['step', 'one_tap_visits', 'visits'],
        'bought_rate': ['step', 'purchases', 'checkouts'],
        'wallet_use_rate': ['use', 'users', 'users_of_value'],
        'retained_share': ['cohort', 'users', 'cohort_users'],
    }) }}
{%- endmacro %}

{#- `sum(…) as succeeded,` for each named measure of a fact; sums of money stay decimal. -#}
{% macro measures(fact, names) -%}
    {%- set known = measures_of(fact) -%}
    {%- for name in names %}
        {{ known[name] }} as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The ratio of a metric over columns that hold its measures. -#}
{% macro metric(id) -%}
    {%- set fact, numerator, denominator = metrics()[id] -%}
    {{ share(numerator, '(' ~ denominator ~ ')') }}
{%- endmacro %}

{#- Wilson bounds of a metric that is a proportion of counts. -#}
{% macro metric_low(id) -%}
    {%- set fact, numerator, denominator = metrics()[id] -%}
    {{ wilson_low(numerator, '(' ~ denominator ~ ')') }}
{%- endmacro %}

{% macro metric_high(id) -%}
    {%- set fact, numerator, denominator = metrics()[id] -%}
    {{ wilson_high(numerator, '(' ~ denominator ~ ')') }}
{%- endmacro %}

{#- Too few observations to read a rate from: below 30 the Wilson interval spans a third of the scale. -#}
{% macro is_small_sample(id) -%}
    {%- set fact, numerator, denominator = metrics()[id] -%}
    coalesce({{ denominator }}, 0) < 30
{%- endmacro %}

{#- A sum of measures as SQL over the fact's rows: what an analyst pastes to get the same rate for a slice
    of their own. -#}
{% macro measures_sql(fact, expression) -%}
    {%- set known = measures_of(fact) -%}
    {%- set parts = [] -%}
    {%- for word in expression.split(' ') -%}
        {%- do parts.append(known.get(word, word)) -%}
    {%- endfor -%}
    {{ return(parts | join(' ')) }}
{%- endmacro %}
