with rates as (

    select * from {{ ref('int_exchange_rates__ranked') }} where copy_rank = 1

)

select
    exchange_rate_key,
    rate_date,
    -- Until the day before the next rate of the pair, for at most a week: an old rate is no rate.
    cast(
        least(
            coalesce(
                lead(rate_date) over (
                    partition by base_currency, quote_currency order by rate_date
                ) - interval '1' day,
                rate_date + interval '6' day
            ),
            rate_date + interval '6' day
        ) as date
    ) as valid_to,
    base_currency,
    quote_currency,
    rate,
    rate_source,
    rate_date as business_date,
    is_derived,
    source,
    file_sha256,
    {{ archive_member('source_file') }} as file_member,
    row_number
from rates
