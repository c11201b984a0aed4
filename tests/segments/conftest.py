"""An in-memory warehouse with `marts.dim_users` as the contract declares it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

DIM_USERS = """
create table marts.dim_users (
    user_key uuid, user_key_scope varchar, first_seen_date date, first_paid_date date,
    last_paid_date date, last_attempt_date date, attempts bigint, failed_attempts bigint,
    orders bigint, paid_orders bigint, refunded_orders bigint, recovered_orders bigint,
    lost_orders bigint, is_last_order_lost boolean, gross_amount decimal(18, 4),
    refunded_amount decimal(18, 4), net_amount decimal(18, 4), median_ticket decimal(18, 4),
    currency varchar, preferred_wallet varchar, wallets_used integer, language varchar,
    region varchar, os varchar
)
"""

# Three plainly different kinds of payers, and some who never paid; spread by the user's number.
PLANTED_USERS = """
insert into marts.dim_users
    (user_key, first_seen_date, first_paid_date, last_paid_date, last_attempt_date, attempts,
     failed_attempts, orders, paid_orders, refunded_orders, net_amount, median_ticket, wallets_used)
select
    md5('user' || i)::uuid,
    date '2026-06-30' - tenure::integer,
    case when paid > 0 then date '2026-06-30' - tenure::integer end,
    case when paid > 0 then date '2026-06-30' - recency::integer end,
    date '2026-06-30' - recency::integer,
    paid + failed, failed, greatest(paid, 1), paid, refunded, paid * ticket, ticket, wallets
from (
    select
        i,
        case i % 4 when 0 then 20 + i % 11 when 1 then 1 + i % 2 when 2 then 4 + i % 3 else 0 end
            as paid,
        case i % 4 when 0 then i % 5 when 1 then 100 + i % 40 else 20 + i % 9 end as recency,
        case i % 4 when 0 then 170 + i % 9 when 1 then 145 + i % 30 else 60 + i % 20 end as tenure,
        case i % 4 when 0 then 30 + i % 7 when 1 then 25 + i % 6 else 400 + i % 90 end as ticket,
        case i % 4 when 2 then 2 + i % 2 else i % 2 end as failed,
        case i % 4 when 2 then 2 else 0 end as refunded,
        case i % 4 when 0 then 2 else 1 end as wallets
    from range({users}) as numbers (i)
)
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(DIM_USERS)
        yield connection


@pytest.fixture
def planted(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    con.execute(PLANTED_USERS.format(users=2000))
    return con
