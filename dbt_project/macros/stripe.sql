{#- Words of Stripe's exports that more than one of them uses. -#}

{#- Card brands in the API's spelling; the dashboard writes `American Express`. -#}
{% macro card_brand(column) -%}
    case lower({{ column }})
        when 'american_express' then 'amex'
        when 'diners_club' then 'diners'
        when 'unknown' then null
        else lower({{ column }})
    end
{%- endmacro %}

{#- The wallet of a payment: a token that wraps a card, else the method itself. NULL where the export
    has no column that would tell: a payment by an unnamed card may have been Apple Pay. -#}
{% macro stripe_wallet(type, tokenization, is_link, is_charge, has_wallet) -%}
    case
        when {{ tokenization }} = 'android_pay' then 'google_pay'
        when {{ tokenization }} is not null then {{ tokenization }}
        when {{ is_link }} = 'true' or {{ type }} = 'link' then 'link'
        when {{ type }} in ('card', 'card_present', 'interac_present')
            or ({{ type }} is null and {{ is_charge }})
            then case when {{ has_wallet }} then 'card' end
        when {{ type }} in ('stripe_account', 'source', 'unrecognised') then null
        else {{ type }}
    end
{%- endmacro %}

{#- Stage and status of a dispute from Stripe's status; warnings are inquiries before a chargeback. -#}
{% macro stripe_dispute_stage(status) -%}
    case when {{ status }} like 'warning%' then 'inquiry' else 'chargeback' end
{%- endmacro %}

{% macro stripe_dispute_status(status) -%}
    case
        when {{ status }} in ('won', 'lost') then {{ status }}
        when {{ status }} in ('needs_response', 'under_review', 'warning_needs_response', 'warning_under_review')
            then 'open'
        when {{ status }} in ('warning_closed', 'prevented', 'closed', 'charge_refunded') then 'closed'
        else 'unknown'
    end
{%- endmacro %}

{#- Kind of a balance movement from Stripe's reporting category (never from its type, which splits
    hairs); categories not known here are `other`. -#}
{% macro stripe_movement_kind(category) -%}
    case
        when {{ category }} in ('charge', 'payment') then 'payment'
        when {{ category }} in ('refund', 'payment_refund', 'partial_capture_reversal') then 'refund'
        when {{ category }} in ('refund_failure', 'payment_failure_refund') then 'refund_failure'
        when {{ category }} in ('fee', 'network_cost', 'stripe_fee', 'network_cost_passthrough', 'tax', 'tax_fee')
            then 'fee'
        when {{ category }} = 'dispute' then 'dispute'
        when {{ category }} = 'dispute_reversal' then 'dispute_reversal'
        when {{ category }} = 'payout' then 'payout'
        when {{ category }} in ('payout_reversal', 'payout_failure', 'payout_cancel') then 'payout_failure'
        when {{ category }} in (
            'transfer', 'transfer_reversal', 'topup', 'topup_reversal', 'connect_collection_transfer',
            'platform_earning', 'platform_earning_refund', 'advance', 'advance_funding'
        ) then 'transfer'
        when {{ category }} like '%conversion%' then 'conversion'
        when {{ category }} like '%reserve%' then 'reserve'
        when {{ category }} in ('other_adjustment', 'adjustment', 'charge_failure', 'payment_failure')
            then 'adjustment'
        else 'other'
    end
{%- endmacro %}
