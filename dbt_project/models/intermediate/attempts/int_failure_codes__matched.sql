-- Logs hold few distinct codes, so each is matched once and attempts join the result.
{{ config(materialized='table') }}

with attempts as (

    select * from {{ ref('int_payment_attempts__unioned') }}

),

failure_codes as (

    select * from {{ ref('failure_codes') }}

),

seen as (

    select distinct
        provider,
        coalesce(error_code, '') as error_code,
        coalesce(error_sub_code, '') as error_sub_code,
        coalesce(provider_state, '') as provider_state
    from attempts

),

-- WeChat logs mix codes of API v2 and v3: v2 is looked up first.
known_codes as (

    select
        case when provider like 'wechat_pay_v%' then 'wechat_pay' else provider end as provider,
        {{ comparable_code('raw_code') }} as comparable_code,
        raw_code,
        category,
        retryable,
        party_at_fault,
        next_action,
        row_number() over (
            partition by
                case when provider like 'wechat_pay_v%' then 'wechat_pay' else provider end,
                {{ comparable_code('raw_code') }}
            order by provider, length(raw_code), raw_code
        ) as preference
    from failure_codes
    where stage = 'payment'

),

by_sub_code as (

    select * from known_codes where preference = 1

),

by_code as (

    select * from known_codes where preference = 1

),

-- Someone who leaves the cashier gets no code, only a state: `trade_state:CLOSED` in the table.
by_state as (

    select *, upper(split_part(raw_code, ':', 2)) as provider_state
    from known_codes
    where preference = 1 and (raw_code like 'trade_state:%' or raw_code like 'trade_status:%')

)

select
    seen.provider,
    seen.error_code,
    seen.error_sub_code,
    seen.provider_state,
    -- Alipay's and v3's outer code only says that something failed; the inner code says what.
    coalesce(
        regexp_replace(upper(coalesce(by_sub_code.raw_code, by_code.raw_code)), '^.*[.]', ''),
        nullif(regexp_replace(upper(trim(seen.error_sub_code)), '^.*[.]', ''), ''),
        nullif(regexp_replace(upper(trim(seen.error_code)), '^.*[.]', ''), ''),
        by_state.raw_code
    ) as failure_code,
    coalesce(by_sub_code.category, by_code.category, by_state.category, 'unknown') as failure_category,
    coalesce(by_sub_code.retryable, by_code.retryable, by_state.retryable) as retryable,
    coalesce(by_sub_code.party_at_fault, by_code.party_at_fault, by_state.party_at_fault) as party_at_fault,
    coalesce(by_sub_code.next_action, by_code.next_action, by_state.next_action) as next_action,
    coalesce(by_sub_code.raw_code, by_code.raw_code, by_state.raw_code) is not null
        as is_code_mapped
from seen
left join by_sub_code
    on seen.provider = by_sub_code.provider
    and {{ comparable_code('seen.error_sub_code') }} = by_sub_code.comparable_code
left join by_code
    on seen.provider = by_code.provider
    and {{ comparable_code('seen.error_code') }} = by_code.comparable_code
-- Only where no code was logged: a code that the table lacks must stay visible as unmapped.
left join by_state
    on seen.provider = by_state.provider
    and upper(trim(seen.provider_state)) = by_state.provider_state
    and seen.error_code = ''
    and seen.error_sub_code = ''
