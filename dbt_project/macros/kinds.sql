{#- The kinds of rows that exports hold, whoever wrote them: which models bring a provider's rows into
    the columns of a kind, and what these columns are. A provider is added by its staging folder, its
    `int_<provider>__<kind>` models and one line here for each. -#}

{#- Source of the lake -> staging model whose `row_kind` says what became of each row. -#}
{% macro staging_models() -%}
    {{ return({
        'adyen_accounting': 'stg_adyen__accounting',
        'adyen_received': 'stg_adyen__received',
        'adyen_settlement': 'stg_adyen__settlement',
        'alipay_account_bill': 'stg_alipay__account_bill',
        'alipay_global': 'stg_alipay__global',
        'alipay_personal_statement': 'stg_alipay__personal_statement',
        'alipay_trade_bill': 'stg_alipay__trade_bill',
        'exchange_rates': 'stg_merchant__exchange_rates',
        'antom_report': 'stg_antom__report',
        'fee_plans': 'stg_merchant__fee_plans',
        'ga4_events': 'stg_ga4__events',
        'mapped_exports': 'stg_mapped__exports',
        'mixpanel_events': 'stg_mixpanel__events',
        'newrelic_events': 'stg_newrelic__events',
        'otlp_traces': 'stg_otlp__spans',
        'payment_attempts': 'stg_merchant__payment_attempts',
        'paypal_activity': 'stg_paypal__activity',
        'paypal_settlement': 'stg_paypal__settlement',
        'paypal_transaction_detail': 'stg_paypal__transaction_detail',
        'risk_dispositions': 'stg_merchant__risk_dispositions',
        'security_events': 'stg_merchant__security_events',
        'stripe_api': 'stg_stripe__objects',
        'stripe_balance': 'stg_stripe__balance',
        'stripe_payments': 'stg_stripe__payments',
        'support_tickets': 'stg_merchant__support_tickets',
        'survey_feedback': 'stg_merchant__survey_feedback',
        'wechat_funds_bill': 'stg_wechat_pay__funds_bill',
        'wechat_global_bill': 'stg_wechat_pay__global_bill',
        'wechat_personal_statement': 'stg_wechat_pay__personal_statement',
        'wechat_trade_bill': 'stg_wechat_pay__trade_bill',
    }) }}
{%- endmacro %}

{#- Kind -> models that hold rows of it, one per provider. -#}
{% macro kind_models(kind) -%}
    {{ return({
        'attempt': [
            'int_adyen__booked_attempts',
            'int_adyen__received_attempts',
            'int_mapped__payment_attempts',
            'int_antom__payment_attempts',
            'int_merchant__payment_attempts',
            'int_paypal__payment_attempts',
            'int_stripe__api_payment_attempts',
            'int_stripe__payment_attempts',
        ],
        'capture': [
            'int_adyen__booked_captures',
            'int_adyen__settled_captures',
            'int_alipay__account_captures',
            'int_alipay__captures',
            'int_mapped__captures',
            'int_alipay__global_captures',
            'int_antom__captures',
            'int_paypal__captures',
            'int_stripe__api_captures',
            'int_stripe__balance_captures',
            'int_stripe__captures',
            'int_wechat_pay__captures',
            'int_wechat_pay__funds_captures',
            'int_wechat_pay__global_captures',
        ],
        'refund': [
            'int_adyen__booked_refunds',
            'int_adyen__settled_refunds',
            'int_alipay__account_refunds',
            'int_alipay__refunds',
            'int_mapped__refunds',
            'int_alipay__global_refunds',
            'int_antom__refunds',
            'int_paypal__refunds',
            'int_stripe__api_refunds',
            'int_stripe__balance_refunds',
            'int_stripe__refunds',
            'int_wechat_pay__funds_refunds',
            'int_wechat_pay__global_refunds',
            'int_wechat_pay__refunds',
        ],
        'balance_movement': [
            'int_adyen__balance_movements',
            'int_alipay__balance_movements',
            'int_mapped__balance_movements',
            'int_alipay__global_movements',
            'int_antom__balance_movements',
            'int_paypal__balance_movements',
            'int_stripe__api_balance_movements',
            'int_stripe__balance_movements',
            'int_wechat_pay__balance_movements',
        ],
        'dispute': [
            'int_adyen__disputes',
            'int_antom__disputes',
            'int_paypal__disputes',
            'int_stripe__api_disputes',
            'int_stripe__balance_disputes',
            'int_stripe__disputes',
        ],
        'payment_event': [
            'int_adyen__payment_events',
            'int_paypal__payment_events',
        ],
    }[kind]) }}
{%- endmacro %}

{#- Facts whose rows are rows of files; with `is_derived` where a row may also be another fact's. -#}
{% macro row_facts() -%}
    {{ return([
        'dim_exchange_rates',
        'dim_fee_plans',
        'fct_api_requests',
        'fct_balance_movements',
        'fct_captures',
        'fct_checkout_events',
        'fct_dispositions',
        'fct_disputes',
        'fct_feedback',
        'fct_payment_attempts',
        'fct_payment_events',
        'fct_refunds',
        'fct_security_events',
        'fct_statement_lines',
        'fct_support_tickets',
    ]) }}
{%- endmacro %}

{#- Models with copies of one key, ranked: those behind the first count as duplicates. -#}
{% macro copy_models() -%}
    {{ return([
        'int_api_requests__ranked',
        'int_balance_movements__repeated',
        'int_captures__repeated',
        'int_checkout_events__ranked',
        'int_disputes__repeated',
        'int_exchange_rates__ranked',
        'int_fee_plans__ranked',
        'int_feedback__ranked',
        'int_payment_attempts__repeated',
        'int_payment_events__repeated',
        'int_refunds__repeated',
        'int_risk_dispositions__ranked',
        'int_statement_lines__repeated',
        'int_security_events__ranked',
        'int_support_tickets__ranked',
    ]) }}
{%- endmacro %}

{#- Columns of a kind as [name, type], in order. Every kind ends with the lineage of the row;
    `is_derived` marks a row that another fact accounts for (a paid line of Stripe is a capture, and an
    attempt that succeeded). -#}
{% macro kind_columns(kind) -%}
    {%- set money = 'decimal(18, 4)' -%}
    {%- set lineage = [
        ['is_derived', 'boolean'],
        ['is_resaved', 'boolean'],
        ['export_date', 'date'],
        ['ingested_at', 'timestamp'],
        ['content_hash', 'varchar'],
        ['file_sha256', 'varchar'],
        ['row_number', 'bigint'],
        ['source_file', 'varchar'],
    ] -%}
    {%- set columns = {
        'attempt': [
            ['source', 'varchar'],
            ['attempt_id_key', 'uuid'],
            ['order_key', 'uuid'],
            ['user_key', 'uuid'],
            ['payer_key', 'uuid'],
            ['payer_scope', 'varchar'],
            ['device_key', 'uuid'],
            ['capture_key', 'uuid'],
            ['provider', 'varchar'],
            ['wallet', 'varchar'],
            ['method_family', 'varchar'],
            ['funding_brand', 'varchar'],
            ['method', 'varchar'],
            ['channel', 'varchar'],
            ['outcome', 'varchar'],
            ['provider_state', 'varchar'],
            ['error_code', 'varchar'],
            ['error_sub_code', 'varchar'],
            ['advice_code', 'varchar'],
            ['attempted_at', 'timestamp'],
            ['finished_at', 'timestamp'],
            ['amount', money],
            ['currency', 'varchar'],
            ['os', 'varchar'],
            ['app_version', 'varchar'],
            ['region', 'varchar'],
            ['language', 'varchar'],
            ['bank', 'varchar'],
            ['latency_ms', 'bigint'],
            ['is_new_device', 'boolean'],
            ['step_up', 'varchar'],
            ['is_test', 'boolean'],
        ],
        'capture': [
            ['source', 'varchar'],
            ['provider', 'varchar'],
            ['capture_key', 'uuid'],
            ['order_key', 'uuid'],
            ['user_key', 'uuid'],
            ['payer_key', 'uuid'],
            ['payer_scope', 'varchar'],
            ['product_key', 'uuid'],
            ['wallet', 'varchar'],
            ['method_family', 'varchar'],
            ['funding_brand', 'varchar'],
            ['method', 'varchar'],
            ['bank_type', 'varchar'],
            ['country', 'varchar'],
            ['sub_merchant_id', 'varchar'],
            ['store_id', 'varchar'],
            ['captured_at', 'timestamp'],
            ['business_date', 'date'],
            ['time_precision', 'varchar'],
            ['currency', 'varchar'],
            ['amount', money],
            ['settlement_amount', money],
            ['settlement_currency', 'varchar'],
            ['coupon_amount', money],
            ['merchant_discount_amount', money],
            ['wallet_discount_amount', money],
            ['fee_amount', money],
            ['fee_currency', 'varchar'],
            ['fee_rate', 'double'],
            ['fx_rate', 'double'],
            ['is_test', 'boolean'],
            ['source_rank', 'integer'],
        ],
        'refund': [
            ['source', 'varchar'],
            ['provider', 'varchar'],
            ['refund_kind', 'varchar'],
            ['refund_key', 'uuid'],
            ['capture_key', 'uuid'],
            ['order_key', 'uuid'],
            ['user_key', 'uuid'],
            ['payer_key', 'uuid'],
            ['payer_scope', 'varchar'],
            ['operator_key', 'uuid'],
            ['wallet', 'varchar'],
            ['requested_at', 'timestamp'],
            ['accepted_at', 'timestamp'],
            ['completed_at', 'timestamp'],
            ['business_date', 'date'],
            ['time_precision', 'varchar'],
            ['refund_status', 'varchar'],
            ['refund_reason', 'varchar'],
            ['failure_reason', 'varchar'],
            ['currency', 'varchar'],
            ['requested_amount', money],
            ['refund_amount', money],
            ['fee_returned_amount', money],
            ['fee_currency', 'varchar'],
            ['is_test', 'boolean'],
            ['source_rank', 'integer'],
        ],
        'balance_movement': [
            ['source', 'varchar'],
            ['provider', 'varchar'],
            ['movement_key', 'uuid'],
            ['movement_kind', 'varchar'],
            ['provider_type', 'varchar'],
            ['account', 'varchar'],
            ['capture_key', 'uuid'],
            ['refund_key', 'uuid'],
            ['dispute_key', 'uuid'],
            ['payout_key', 'uuid'],
            ['order_key', 'uuid'],
            ['wallet', 'varchar'],
            ['occurred_at', 'timestamp'],
            ['available_at', 'timestamp'],
            ['business_date', 'date'],
            ['time_precision', 'varchar'],
            ['currency', 'varchar'],
            ['gross_amount', money],
            ['fee_amount', money],
            ['net_amount', money],
            ['balance_after', money],
            ['source_rank', 'integer'],
        ],
        'dispute': [
            ['source', 'varchar'],
            ['provider', 'varchar'],
            ['dispute_key', 'uuid'],
            ['capture_key', 'uuid'],
            ['order_key', 'uuid'],
            ['wallet', 'varchar'],
            ['opened_at', 'timestamp'],
            ['evidence_due_at', 'timestamp'],
            ['closed_at', 'timestamp'],
            ['business_date', 'date'],
            ['dispute_stage', 'varchar'],
            ['dispute_status', 'varchar'],
            ['dispute_reason', 'varchar'],
            ['currency', 'varchar'],
            ['disputed_amount', money],
            ['fee_amount', money],
            ['fee_currency', 'varchar'],
            ['is_test', 'boolean'],
            ['source_rank', 'integer'],
        ],
        'payment_event': [
            ['source', 'varchar'],
            ['provider', 'varchar'],
            ['event_key', 'uuid'],
            ['event_type', 'varchar'],
            ['provider_type', 'varchar'],
            ['capture_key', 'uuid'],
            ['order_key', 'uuid'],
            ['user_key', 'uuid'],
            ['payer_key', 'uuid'],
            ['payer_scope', 'varchar'],
            ['wallet', 'varchar'],
            ['method_family', 'varchar'],
            ['funding_brand', 'varchar'],
            ['occurred_at', 'timestamp'],
            ['business_date', 'date'],
            ['amount', money],
            ['currency', 'varchar'],
            ['source_rank', 'integer'],
        ],
    } -%}
    {{ return(columns[kind] + lineage) }}
{%- endmacro %}

{#- All rows of a kind, with its columns in its types. Columns are named, never starred: a model may
    hold more, or in another order. -#}
{% macro union_of(kind) -%}
    {%- set models = kind_models(kind) -%}
    {%- set is_linked = kind in ['capture', 'refund'] -%}
with lines as (

    {%- for name in models %}
    select
        {%- for column, type in kind_columns(kind) %}
        cast({{ column }} as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref(name) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {%- if not models %}
    select
        {%- for column, type in kind_columns(kind) %}
        cast(null as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    {#- Without a parent in the lake it would be built before there is one. #}
    from {{ ref('stg_ingest__files') }}
    where false
    {%- endif %}

)
{%- if is_linked %},

links as (

    select * from {{ ref('int_merchant__payment_links') }}

)
{%- endif %}

select
    {%- for column, type in kind_columns(kind) %}
    {%- if column == 'order_key' and is_linked %}
    -- The attempt log may say which order the provider's payment belongs to.
    coalesce(links.order_key, lines.order_key) as order_key{{ "," if not loop.last }}
    {%- else %}
    lines.{{ column }}{{ "," if not loop.last }}
    {%- endif %}
    {%- endfor %}
from lines
    {%- if is_linked %}
left join links on lines.capture_key = links.provider_payment_key
    {%- endif %}
{%- endmacro %}
