{#- What PayPal's transaction event codes mean for the balance; the first three characters are the
    group (T11 reversals, T21 holds and reserves, …). Money in counts as a payment in group T00 only:
    T03 and T07 are the merchant's own deposits, T02 the two sides of a conversion. -#}
{% macro paypal_movement_kind(code, is_credit) -%}
    case
        when {{ code }} like 'T00%' and {{ is_credit }} then 'payment'
        when {{ code }} = 'T1107' and not {{ is_credit }} then 'refund'
        when {{ code }} in ('T1106', 'T1201') and not {{ is_credit }} then 'dispute'
        when {{ code }} in ('T1106', 'T1201', 'T1202') then 'dispute_reversal'
        when {{ code }} in ('T1108', 'T1109') then 'fee_refund'
        when {{ code }} = 'T1101' then 'payout_failure'
        when {{ code }} in ('T1105', 'T1110', 'T1111') then 'reserve'
        when {{ code }} like 'T01%' then 'fee'
        when {{ code }} like 'T02%' then 'conversion'
        when substr({{ code }}, 1, 3) in ('T03', 'T07', 'T16', 'T20', 'T22') then 'transfer'
        when substr({{ code }}, 1, 3) in ('T04', 'T06', 'T17', 'T18') then 'payout'
        when substr({{ code }}, 1, 3) in ('T15', 'T21') then 'reserve'
        when substr({{ code }}, 1, 3) in ('T08', 'T09', 'T12', 'T19') then 'adjustment'
        else 'other'
    end
{%- endmacro %}
