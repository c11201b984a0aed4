"""What to do about failures: an action per cause and wallet, and the money it would have brought.

What belongs here: the SQL from first failures and what followed them to recovery rates and amounts.
What does not: what a single code means (the seed failure_codes; `codes.py` for the command line).

The action comes from the codes behind the failures. What it is worth comes from what happened when
customers did it by themselves: of the orders that failed first and were tried again with the same
wallet (or another), so many were paid. Applied to the amount of the orders that nobody tried again,
that is an upper estimate: who tries again wants to pay more than who leaves.
"""

from __future__ import annotations

from pipelines.warehouse.wilson import wilson_sql

# next_action of the seed -> what a person does. `None` is a code that the seed lacks.
ACTIONS = {
    "retry_same": "retry_now",
    "reissue_order": "retry_now",
    "offer_again": "retry_now",
    "retry_later": "retry_later",
    "query_first": "query_first",
    "wait_and_poll": "query_first",
    "switch_method": "other_wallet",
    "customer_fix_details": "ask_customer",
    "customer_authenticate": "ask_customer",
    "fix_integration": "fix_integration",
    "stop": "stop",
    "treat_as_done": "nothing",
}
UNMAPPED = "add_the_code"
# Attempts that never got an answer: neither failed nor paid as far as the log goes.
NO_ANSWER = "no_answer"
# Fewer followed-up orders than this give no rate of their own; the cause's over all wallets, then
# none, stands in.
LEAST_FOLLOWED = 30


def advice_sql(currency: str) -> str:
    """SQL of `analysis.failure_advice` over the marts.

    Args:
        currency: the reporting currency; amounts cover only it, counts all currencies.

    Returns:
        A SELECT with one row per wallet and cause of the first failure: action, orders, users,
        amount_at_risk, amount_recovered, amount_lost, amount_given_up (lost, and never tried
        again), orders tried again with the same and with another wallet and how many of them were
        paid, with Wilson bounds; basis (same_wallet, other_wallet, fault_gone, late_success, none),
        recovery_rate with bounds, amount_recoverable with bounds, better_action (an action that
        brought significantly more, or NULL).
    """
    if not (len(currency) == 3 and currency.isalpha()):
        raise ValueError(f"currency must be an ISO 4217 code such as CNY, got {currency!r}")
    return f"""
    with {_followed_sql(currency)},
    {_measured_sql()},
    {_valued_sql()}
    select
        wallet, failure_category, action, orders, users,
        amount_at_risk, amount_recovered, amount_lost, amount_given_up,
        same_orders as same_wallet_orders, same_paid as same_wallet_paid,
        other_orders as other_wallet_orders, other_paid as other_wallet_paid,
        same_rate as same_wallet_rate, same_low as same_wallet_low, same_high as same_wallet_high,
        other_rate as other_wallet_rate, other_low as other_wallet_low,
        other_high as other_wallet_high,
        basis, rate as recovery_rate, low as recovery_low, high as recovery_high,
        (amount_left * rate)::decimal(18, 4) as amount_recoverable,
        (amount_left * low)::decimal(18, 4) as amount_recoverable_low,
        (amount_left * high)::decimal(18, 4) as amount_recoverable_high,
        case
            when action in ('retry_now', 'retry_later', 'ask_customer') and other_low > same_high
                then 'other_wallet'
            when action = 'other_wallet' and same_low > other_high then 'retry_now'
        end as better_action,
        '{currency}' as currency,
        amount_open, amount_in_vain, amount_not_given_up,
        users_at_risk, users_recovered, users_lost, users_open, users_given_up, users_in_vain,
        users_not_given_up
    from valued
    order by wallet, failure_category
    """


def _measured_sql() -> str:
    """CTEs up to `bounded`: what became of the orders of each wallet and cause, as rates."""
    cases = " ".join(f"when '{code}' then '{action}'" for code, action in ACTIONS.items())
    return f"""
    cells as (
        select
            wallet,
            failure_category,
            mode(case next_action {cases} else '{UNMAPPED}' end order by next_action) as action,
            {_SUMS}
        from followed
        group by wallet, failure_category
    ),
    categories as (
        select failure_category, {_SUMS} from followed group by failure_category
    ),
    healthy as (
        select wallet, sum(orders) as orders, sum(paid) as paid
        from fates group by wallet
    ),
    measured as (
        select
            cells.*,
            {_own_or_category("same")},
            {_own_or_category("other")},
            healthy.orders - cells.orders as healthy_orders,
            healthy.paid - cells.paid as healthy_paid
        from cells
        inner join categories using (failure_category)
        inner join healthy using (wallet)
    ),
    bounded as (
        select
            *,
            {_rates("same", "same_paid_used", "same_orders_used")},
            {_rates("other", "other_paid_used", "other_orders_used")},
            {_rates("healthy", "healthy_paid", "healthy_orders")},
            {_rates("late", "paid", "orders")}
        from measured
    )"""


def _valued_sql() -> str:
    """CTEs up to `valued`: which rate an action stands on, and the money that it is about."""
    return f"""
    chosen as (
        select
            *,
            case
                when failure_category = '{NO_ANSWER}' then 'late_success'
                when action = 'fix_integration' and healthy_orders >= {LEAST_FOLLOWED}
                    then 'fault_gone'
                when action = 'other_wallet' and other_orders_used > 0 then 'other_wallet'
                when action in ('retry_now', 'retry_later', 'ask_customer')
                    and same_orders_used > 0 then 'same_wallet'
                else 'none'
            end as basis
        from bounded
    ),
    valued as (
        select
            *,
            {_by_basis("rate")},
            {_by_basis("low")},
            {_by_basis("high")},
            -- A fault that is mended also spares those who tried again in vain.
            case when basis = 'fault_gone' then amount_lost else amount_given_up end as amount_left
        from chosen
    )"""


_SUMS = """
            count(*) as orders,
            count(distinct user_key) as users,
            coalesce(sum(amount_at_risk), 0)::decimal(18, 4) as amount_at_risk,
            coalesce(sum(amount_recovered), 0)::decimal(18, 4) as amount_recovered,
            coalesce(sum(amount_lost), 0)::decimal(18, 4) as amount_lost,
            coalesce(sum(amount_lost) filter (follow_up = 'none'), 0)::decimal(18, 4)
                as amount_given_up,
            coalesce(sum(amount_open), 0)::decimal(18, 4) as amount_open,
            coalesce(sum(amount_at_risk) filter (
                amount_recovered > 0 or (amount_lost > 0 and follow_up <> 'none')
            ), 0)::decimal(18, 4) as amount_not_given_up,
            count(distinct user_key) filter (amount_at_risk > 0) as users_at_risk,
            count(distinct user_key) filter (amount_recovered > 0) as users_recovered,
            count(distinct user_key) filter (amount_lost > 0) as users_lost,
            count(distinct user_key) filter (amount_open > 0) as users_open,
            count(distinct user_key) filter (amount_lost > 0 and follow_up = 'none')
                as users_given_up,
            count(distinct user_key) filter (
                amount_recovered > 0 or (amount_lost > 0 and follow_up <> 'none')
            ) as users_not_given_up,
            count(distinct user_key) filter (amount_lost > 0 and follow_up <> 'none')
                as users_in_vain,
            coalesce(sum(amount_lost) filter (follow_up <> 'none'), 0)::decimal(18, 4)
                as amount_in_vain,
            count(*) filter (is_paid) as paid,
            count(*) filter (follow_up = 'same' and is_settled) as same_orders,
            count(*) filter (follow_up = 'same' and is_settled and is_paid) as same_paid,
            count(*) filter (follow_up = 'other' and is_settled) as other_orders,
            count(*) filter (follow_up = 'other' and is_settled and is_paid) as other_paid"""


def _followed_sql(currency: str) -> str:
    """CTEs `followed` (first attempts that failed or got no answer) and `fates` (all orders)."""
    return f"""
    attempts as (
        select * from marts.fct_payment_attempts where not coalesce(is_test, false)
    ),
    followed as (
        select
            first.wallet,
            case
                when first.resolved_outcome = 'failed'
                    then coalesce(first.failure_category, 'unknown')
                else '{NO_ANSWER}'
            end as failure_category,
            case when first.resolved_outcome = 'failed' then first.next_action else 'query_first'
            end as next_action,
            first.user_key,
            case
                when second.order_key is null then 'none'
                when second.wallet = first.wallet then 'same'
                else 'other'
            end as follow_up,
            case
                when first.resolved_outcome = 'failed' then payments.is_recovered
                else first.resolved_outcome = 'succeeded'
            end as is_paid,
            -- An order may still be tried again within the retry window: it says nothing yet.
            coalesce(payments.amount_open, 0) = 0 as is_settled,
            {_amount("amount_at_risk", currency)},
            {_amount("amount_recovered", currency)},
            {_amount("amount_lost", currency)},
            {_amount("amount_open", currency)}
        from attempts as first
        inner join marts.fct_payments as payments on first.order_key = payments.order_key
        left join attempts as second
            on first.order_key = second.order_key and second.attempt_number = 2
        where first.is_first_attempt
            and (first.resolved_outcome = 'failed' or first.outcome = 'unknown')
            and first.next_action is distinct from 'treat_as_done'
    ),
    fates as (
        select
            first.wallet, count(*) as orders,
            count(*) filter (payments.final_outcome = 'succeeded') as paid
        from attempts as first
        inner join marts.fct_payments as payments on first.order_key = payments.order_key
        where first.is_first_attempt
        group by first.wallet
    )"""


def _amount(column: str, currency: str) -> str:
    return f"case when payments.currency = '{currency}' then payments.{column} end as {column}"


def _own_or_category(kind: str) -> str:
    """Counts of the cell when there are enough, else those of the cause over all wallets."""

    def used(column: str) -> str:
        return (
            f"case when cells.{kind}_orders >= {LEAST_FOLLOWED} then cells.{column}"
            f" when categories.{kind}_orders >= {LEAST_FOLLOWED} then categories.{column}"
            f" else 0 end as {column}_used"
        )

    return f"{used(f'{kind}_orders')}, {used(f'{kind}_paid')}"


def _rates(kind: str, paid: str, orders: str) -> str:
    low, high = wilson_sql(paid, orders)
    return (
        f"{paid}::double / nullif({orders}, 0) as {kind}_rate,"
        f" {low} as {kind}_low, {high} as {kind}_high"
    )


def _by_basis(column: str) -> str:
    kinds = {
        "same_wallet": "same",
        "other_wallet": "other",
        "fault_gone": "healthy",
        "late_success": "late",
    }
    cases = " ".join(f"when '{basis}' then {kind}_{column}" for basis, kind in kinds.items())
    return f"case basis {cases} end as {column}"
