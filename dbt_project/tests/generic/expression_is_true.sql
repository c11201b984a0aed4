{#- Rows for which the expression is false; NULL counts as false, so say what may be missing. -#}
{% test expression_is_true(model, expression, column_name=none) %}

select *
from {{ model }}
where not coalesce(({{ expression }}), false)

{% endtest %}
