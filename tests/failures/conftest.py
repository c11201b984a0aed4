"""An in-memory warehouse with the two fact tables that failures are read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

ATTEMPTS = """
create table marts.fct_payment_attempts (
    attempt_key uuid, order_key uuid, user_key uuid, provider varchar, wallet varchar,
    method varchar, next_action varchar,
    channel varchar, attempted_at timestamp, business_date date, local_hour integer,
    outcome varchar, resolved_outcome varchar, failure_category varchar, amount decimal(18, 4),
    currency varchar, amount_band varchar, os varchar, app_version varchar, region varchar,
    language varchar, bank varchar, is_new_device boolean, is_test boolean,
    attempt_number integer, is_first_attempt boolean
)
"""
PAYMENTS = """
create table marts.fct_payments (
    order_key uuid, currency varchar, first_failure_category varchar, amount_at_risk decimal(18, 4),
    amount_recovered decimal(18, 4), amount_lost decimal(18, 4), amount_open decimal(18, 4),
    is_test boolean, is_recovered boolean default false, final_outcome varchar,
    first_outcome varchar, recovery_type varchar, user_key uuid, channel varchar, region varchar,
    amount_band varchar
)
"""

# Half a year of attempts from a fixed sequence. With a fault, WeChat Pay on Android fails far more
# often than everything else; without, failures strike at random.
GENERATED = """
insert into marts.fct_payment_attempts by name
with drawn as (
    select
        i,
        [md5_number_lower(i || salt) / 18446744073709551616 for salt in
            ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']] as r
    from range({attempts}) as numbers (i)
),
placed as (
    select
        i, r,
        timestamp '2026-01-01' + to_minutes((i * 259200 // {attempts})::bigint) as attempted_at,
        if(r[1] < 0.5, 'alipay', 'wechat_pay') as wallet,
        if(r[2] < 0.6, 'android', 'ios') as os
    from drawn
),
decided as (
    select
        *,
        case
            when r[3] < 0.02 then 'unknown'
            when r[4] < 0.1 + {fault} * (wallet = 'wechat_pay' and os = 'android')::integer
                then 'failed'
            else 'succeeded'
        end as outcome
    from placed
)
select
    md5('attempt' || i)::uuid as attempt_key,
    md5('order' || i // 2)::uuid as order_key,
    if(r[5] < 0.05, null, md5('user' || (r[5] * 900)::integer)::uuid) as user_key,
    wallet as provider, wallet, 'app' as channel, attempted_at,
    attempted_at::date as business_date, hour(attempted_at) as local_hour,
    outcome, outcome as resolved_outcome,
    case
        when outcome = 'failed'
            then ['insufficient_funds', 'processing_error', null][1 + (r[6] * 2.99)::integer % 3]
    end as failure_category,
    (1 + r[7] * 300)::decimal(18, 4) as amount, if(r[8] < 0.05, 'USD', 'CNY') as currency,
    '0-50' as amount_band, os, '8.' || (r[6] * 50)::integer as app_version,
    if(r[8] > 0.9, null, 'region ' || (r[8] * 10)::integer) as region, 'zh' as language,
    'bank ' || (r[7] * 9)::integer as bank, r[3] > 0.9 as is_new_device,
    r[8] between 0.5 and 0.52 as is_test, 1 + i % 2 as attempt_number,
    i % 2 = 0 as is_first_attempt
from decided
"""
GENERATED_PAYMENTS = """
insert into marts.fct_payments by name
select
    order_key, currency, failure_category as first_failure_category, risk as amount_at_risk,
    if(recovered, risk, 0) as amount_recovered,
    if(recovered or is_open, 0, risk) as amount_lost,
    if(is_open, risk, 0) as amount_open, is_test
from (
    select
        order_key, currency, failure_category, is_test,
        if(resolved_outcome = 'failed', amount, 0) as risk,
        md5_number_lower(order_key::varchar) % 3 = 0 as recovered,
        md5_number_lower(order_key::varchar) % 3 = 1 as is_open
    from marts.fct_payment_attempts
    where is_first_attempt
)
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(ATTEMPTS)
        connection.execute(PAYMENTS)
        connection.execute("create schema analysis")
        connection.execute(
            "create table analysis.user_segments (user_key uuid, lifecycle_segment varchar)"
        )
        yield connection


@pytest.fixture
def generate(con: duckdb.DuckDBPyConnection) -> Callable[..., duckdb.DuckDBPyConnection]:
    def fill(attempts: int = 4000, fault: float = 0.0) -> duckdb.DuckDBPyConnection:
        con.execute(GENERATED.format(attempts=attempts, fault=fault))
        con.execute(GENERATED_PAYMENTS)
        return con

    return fill


@pytest.fixture
def add_attempt(con: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    """Insert one attempt; `user`, `order` and `at` are short texts, the rest are columns."""

    def insert(number: int, order: str, user: str | None, outcome: str, **columns: Any) -> None:
        at = columns.pop("at", "2026-03-01 12:00:00")
        values = {
            "wallet": "alipay",
            "provider": "alipay",
            "resolved_outcome": outcome,
            "amount": 10,
            "currency": "CNY",
            "local_hour": 9,
            "is_test": False,
            "is_first_attempt": True,
            "attempt_number": 1,
            **columns,
        }
        names = ", ".join(values)
        con.execute(
            f"""
            insert into marts.fct_payment_attempts
                (attempt_key, order_key, user_key, outcome, attempted_at, business_date, {names})
            values (md5(?)::uuid, md5(?)::uuid, md5(?)::uuid, ?, ?::timestamp,
                ?::timestamp::date, {", ".join("?" * len(values))})
            """,
            [f"attempt {number}", order, user, outcome, at, at, *values.values()],
        )

    return insert


@pytest.fixture
def add_payment(con: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    def insert(order: str, category: str | None, risk: int, recovered: int, lost: int, **columns):
        con.execute(
            """
            insert into marts.fct_payments
                (order_key, currency, first_failure_category, amount_at_risk, amount_recovered,
                amount_lost, amount_open, is_test, is_recovered, user_key)
            values (md5(?)::uuid, ?, ?, ?, ?, ?, ?, ?, ?, md5(?)::uuid)
            """,
            [
                order,
                columns.get("currency", "CNY"),
                category,
                risk,
                recovered,
                lost,
                risk - recovered - lost,
                columns.get("is_test", False),
                recovered > 0,
                columns.get("user"),
            ],
        )

    return insert
