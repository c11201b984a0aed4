{{ config(alias='latency_histogram') }}

with attempts as (

    select
        {{ month_of('business_date') }} as month,
        wallet,
        user_key,
        {{ latency_bucket('latency_ms') }} as bucket
    from {{ ref('fct_payment_attempts') }}
    where not is_test and latency_ms is not null

),

-- The thin ends of the distribution are joined to the nearest bucket that enough people reach or pass:
-- left out, they would make every percentile look better than it is.
reach as (

    select month, wallet, user_key, max(bucket) as slowest, min(bucket) as fastest
    from attempts
    where user_key is not null
    group by month, wallet, user_key

),

ranked as (

    select
        month,
        wallet,
        slowest,
        fastest,
        row_number() over (partition by month, wallet order by slowest desc) as from_slowest,
        row_number() over (partition by month, wallet order by fastest) as from_fastest
    from reach

),

ends as (

    select
        month,
        wallet,
        max(case when from_slowest = {{ minimum_cell_users() }} then slowest end) as last_bucket,
        max(case when from_fastest = {{ minimum_cell_users() }} then fastest end) as first_bucket
    from ranked
    group by month, wallet

),

joined as (

    select
        attempts.month,
        attempts.wallet,
        attempts.user_key,
        ends.first_bucket,
        least(greatest(attempts.bucket, ends.first_bucket), ends.last_bucket) as bucket
    from attempts
    inner join ends on attempts.month = ends.month and attempts.wallet = ends.wallet

),

-- A bucket of few people between larger ones is counted with the next faster one that has enough.
sizes as (

    select month, wallet, bucket, first_bucket, count(distinct user_key) as users
    from joined
    group by month, wallet, bucket, first_bucket

),

targets as (

    select
        month,
        wallet,
        bucket,
        max(
            case when users >= {{ minimum_cell_users() }} or bucket = first_bucket then bucket end
        ) over (
            partition by month, wallet order by bucket
            rows between unbounded preceding and current row
        ) as shown_bucket
    from sizes

),

counted as (

    select
        joined.month,
        joined.wallet,
        targets.shown_bucket as bucket,
        joined.first_bucket,
        count(distinct joined.user_key) as users,
        count(*) as attempts
    from joined
    inner join targets
        on joined.month = targets.month
        and joined.wallet = targets.wallet
        and joined.bucket = targets.bucket
    group by joined.month, joined.wallet, targets.shown_bucket, joined.first_bucket

),

bounded as (

    select
        *,
        lead(bucket) over (partition by month, wallet order by bucket) as next_bucket
    from counted

)

select
    month,
    wallet,
    cast(bucket as integer) as latency_bucket,
    case when bucket > first_bucket then {{ latency_bucket_start('bucket') }} else 0 end as bucket_from_ms,
    case when next_bucket is not null then {{ latency_bucket_start('next_bucket') }} end
        as bucket_below_ms,
    cast(users as bigint) as users,
    cast(attempts as bigint) as attempts
from bounded
where users >= {{ minimum_cell_users() }}
