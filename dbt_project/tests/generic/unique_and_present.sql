{#- A key: one scan for what `unique` and `not_null` would take two. -#}
{% test unique_and_present(model, column_name) %}

select {{ column_name }}, count(*) as copies
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null

{% endtest %}
