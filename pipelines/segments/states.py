"""What only payment data knows of a user: never paid, lost after a failure, recovered.

What belongs here: the states and the SQL that puts each user into exactly one of them. What does
not: the lifecycle grid, which counts orders only.

Shops see orders; somebody whose payments fail is invisible to them. The states are told from the
most urgent to the least: somebody whose last order was lost is that, whatever was recovered before.
"""

from __future__ import annotations

NEVER_PAID = "never_paid"
LOST_AFTER_FAILURE = "lost_after_failure"
RECOVERED_BY_OTHER_WALLET = "recovered_by_other_wallet"
RECOVERED_BY_RETRY = "recovered_by_retry"
UNDISTURBED = "undisturbed"

# In the order in which they are told.
PAYMENT_STATES = (
    NEVER_PAID,
    LOST_AFTER_FAILURE,
    RECOVERED_BY_OTHER_WALLET,
    RECOVERED_BY_RETRY,
    UNDISTURBED,
)


def payment_state_sql(users: str = "users") -> str:
    """SQL for the state of a row of `marts.dim_users` under the alias `users`."""
    return f"""
    case
        when {users}.first_paid_date is null then '{NEVER_PAID}'
        when {users}.is_last_order_lost then '{LOST_AFTER_FAILURE}'
        when {users}.orders_recovered_by_other_wallet > 0 then '{RECOVERED_BY_OTHER_WALLET}'
        when {users}.recovered_orders > 0 then '{RECOVERED_BY_RETRY}'
        else '{UNDISTURBED}'
    end
    """
