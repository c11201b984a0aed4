{#- Adyen says the wallet as a suffix of the card's brand (mc_applepay), in the variant or in the method,
    or as a method of its own. -#}
{% macro adyen_suffix_wallet(method) -%}
    case
        when {{ method }} like '%applepay' then 'apple_pay'
        when {{ method }} like '%googlepay' or {{ method }} like '%paywithgoogle' then 'google_pay'
        when {{ method }} like '%samsungpay' then 'samsung_pay'
    end
{%- endmacro %}

{% macro adyen_method_family(method, suffix_wallet) -%}
    case
        when {{ suffix_wallet }} is not null then 'card'
        when {{ method }} is null then null
        when {{ method }} in (
            'visa', 'mc', 'amex', 'maestro', 'discover', 'diners', 'jcb', 'cup', 'unionpay', 'nyce',
            'star', 'pulse', 'accel', 'electron', 'vpay', 'bcmc', 'cartebancaire', 'elo',
            'hipercard', 'dankort', 'interac', 'eftpos_australia', 'visadankort', 'card', 'scheme'
        ) then 'card'
        when {{ method }} like 'klarna%' or {{ method }} like 'afterpay%'
            or {{ method }} in ('affirm', 'clearpay', 'ratepay', 'zip', 'oney', 'walley')
            then 'bnpl'
        when {{ method }} like 'banktransfer%' or {{ method }} like 'onlinebanking%'
            or {{ method }} like 'boleto%' or {{ method }} like 'ideal%'
            or {{ method }} in (
                'directebanking', 'sepadirectdebit', 'ach', 'giropay', 'eps', 'trustly', 'pix',
                'multibanco', 'dotpay', 'blik', 'paybright', 'directdebit_gb'
            ) then 'bank'
        when {{ method }} like 'alipay%' or {{ method }} like 'wechatpay%'
            or {{ method }} like 'grabpay%' or {{ method }} like 'paypal%'
            or {{ method }} in (
                'kakaopay', 'naverpay', 'gcash', 'dana', 'mbway', 'vipps', 'mobilepay', 'swish',
                'twint', 'bizum', 'venmo', 'amazonpay', 'cashapp', 'momo_wallet', 'touchngo'
            ) then 'wallet_account'
    end
{%- endmacro %}

{#- Cards without a wallet are `card`; bank and pay-later methods go by their family. -#}
{% macro adyen_wallet(method, suffix_wallet, family) -%}
    case
        when {{ suffix_wallet }} is not null then {{ suffix_wallet }}
        when {{ method }} like 'alipay%' then 'alipay'
        when {{ method }} like 'wechatpay%' then 'wechat_pay'
        when {{ method }} like 'paypal%' then 'paypal'
        when {{ method }} like 'grabpay%' then 'grabpay'
        when {{ family }} = 'wallet_account' then {{ method }}
        else {{ family }}
    end
{%- endmacro %}

{% macro adyen_brand(method, family) -%}
    case
        when {{ family }} <> 'card' then null
        when split_part({{ method }}, '_', 1) = 'mc' then 'mastercard'
        when split_part({{ method }}, '_', 1) in ('applepay', 'googlepay', 'paywithgoogle', 'samsungpay', 'card', 'scheme')
            then null
        when split_part({{ method }}, '_', 1) = 'cup' then 'unionpay'
        else split_part({{ method }}, '_', 1)
    end
{%- endmacro %}

{#- Type of a settlement row, letters only and in lower case. -#}
{% macro adyen_movement_kind(type) -%}
    case
        when {{ type }} in ('refundedreversed', 'refundedexternallyreversed') then 'refund_failure'
        when {{ type }} in ('settledreversed', 'settledexternally') then 'adjustment'
        when {{ type }} like 'settled%' then 'payment'
        when {{ type }} like 'refunded%' then 'refund'
        when {{ type }} like 'chargebackreversed%' or {{ type }} like 'secondchargebackreversed%'
            then 'dispute_reversal'
        when {{ type }} like 'chargeback%' or {{ type }} like 'secondchargeback%' then 'dispute'
        when {{ type }} in (
            'fee', 'misccosts', 'paymentcost', 'invoicededuction', 'advancementcommission'
        ) then 'fee'
        when {{ type }} in ('depositcorrection', 'reserveadjustment') then 'reserve'
        when {{ type }} = 'balancetransfer' then 'transfer'
        when {{ type }} like 'merchantpayout%' then 'payout'
        else 'other'
    end
{%- endmacro %}

{#- Record type of the accounting report, letters only and in lower case. -#}
{% macro adyen_event_type(type) -%}
    case
        when {{ type }} in ('received', 'authorised', 'refused', 'error', 'cancelled', 'expired', 'settled', 'refunded')
            then {{ type }}
        when {{ type }} = 'authorisedpending' then 'pending'
        when {{ type }} = 'sentforsettle' then 'sent_for_settle'
        when {{ type }} = 'capturefailed' then 'capture_failed'
        when {{ type }} = 'sentforrefund' then 'sent_for_refund'
        when {{ type }} in ('refundfailed', 'refundedreversed') then 'refund_failed'
        when {{ type }} in ('chargeback', 'secondchargeback') then 'chargeback'
        when {{ type }} in ('chargebackreversed', 'secondchargebackreversed') then 'chargeback_reversed'
        else 'other'
    end
{%- endmacro %}
