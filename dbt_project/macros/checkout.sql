{#- Steps of a checkout -> names of the events that mean them: Google's own, those of the Segment
    specification that most trackers follow, and common spellings. Names are as ingest stores them:
    lower case, blanks as underscores. -#}
{% macro checkout_steps() -%}
    {{ return({
        'view_item': ['view_item', 'product_viewed', 'view_product', 'product_view'],
        'add_to_cart': ['add_to_cart', 'product_added', 'added_to_cart'],
        'begin_checkout': [
            'begin_checkout', 'checkout_started', 'checkout_start', 'initiate_checkout',
            'start_checkout',
        ],
        'add_shipping_info': ['add_shipping_info', 'shipping_info_entered', 'shipping_selected'],
        'add_payment_info': [
            'add_payment_info', 'payment_info_entered', 'payment_method_selected',
            'select_payment_method', 'wallet_selected',
        ],
        'purchase': [
            'purchase', 'order_completed', 'purchase_completed', 'ecommerce_purchase',
            'payment_succeeded', 'checkout_completed',
        ],
        'refund': ['refund', 'order_refunded', 'refund_completed'],
    }) }}
{%- endmacro %}

{#- The step an event means; NULL for events that are no part of a checkout. What the merchant declared for
    a name wins (`none`: no step). -#}
{% macro checkout_step(event_name, declared_step) -%}
    case
        when {{ declared_step }} = 'none' then null
        when {{ declared_step }} is not null then {{ declared_step }}
        {%- for step, names in checkout_steps().items() %}
        when {{ event_name }} in ('{{ names | join("', '") }}') then '{{ step }}'
        {%- endfor %}
    end
{%- endmacro %}
