{#- Rows that would show fewer people than marketing may see. -#}
{% test enough_people(model) %}

select *
from {{ model }}
where users is null or users < {{ minimum_cell_users() }}

{% endtest %}
