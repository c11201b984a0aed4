with currencies as (

    select * from {{ ref('currencies') }}

)

select currency, minor_units
from currencies
