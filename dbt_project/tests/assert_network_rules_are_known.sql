-- A failure code points to a retry rule that the reference table holds.
{{ config(
    meta={
        'description': 'A failure code names a network rule that is not in network_retry_rules',
        'dagster': {'ref': {'name': 'network_retry_rules'}},
    }
) }}

with codes as (

    select distinct network_rule from {{ ref('failure_codes') }} where network_rule is not null

),

rules as (

    select rule from {{ ref('network_retry_rules') }}

)

select codes.network_rule
from codes
left join rules on codes.network_rule = rules.rule
where rules.rule is null
