{{ config(alias='dim_exchange_rates') }}

with dimension as (

    select * from {{ ref('dim_exchange_rates') }}

)

select
    exchange_rate_key,
    rate_date,
    valid_to,
    base_currency,
    quote_currency,
    rate,
    rate_source,
    business_date,
    source,
    file_sha256,
    row_number
from dimension
