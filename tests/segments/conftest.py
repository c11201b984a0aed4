"""In-memory warehouses with the marts of the contract: hand-made users, and users who were planted.

`known` is another kind: CDNOW's 23,570 customers taken from an attempt log through ingest, dbt and
this room, once per session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from known_customers import write_cdnow

from pipelines.ingest.run import ingest
from pipelines.segments.assets import settings_of
from pipelines.segments.tables import build_segment_tables
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import dbt_run
from pipelines.warehouse.connect import connect
from pipelines.warehouse.store import ModelStore

# What the room reads.
_MARTS = ("dim_users", "rpt_user_profiles", "fct_payments", "fct_refunds")

MARTS = """
create schema marts;
create table marts.dim_users (
    user_key uuid, user_key_scope varchar, first_seen_date date, first_paid_date date,
    last_paid_date date, last_attempt_date date, attempts integer, failed_attempts integer,
    orders integer, paid_orders integer, refunded_orders integer, recovered_orders integer,
    orders_recovered_by_other_wallet integer, lost_orders integer, is_last_order_lost boolean,
    gross_amount decimal(18, 4), refunded_amount decimal(18, 4), net_amount decimal(18, 4),
    median_ticket decimal(18, 4), currency varchar, preferred_wallet varchar,
    wallets_used integer, language varchar, region varchar, os varchar
);
create table marts.rpt_user_profiles (
    user_key uuid, succeeded_orders integer, refunded_orders integer, attempts integer,
    failed_attempts_by_others integer, billed_payments integer, discounted_payments integer,
    purchase_days integer, active_months integer, weekend_order_share double,
    median_gap_days double, wallet_entropy double
);
create table marts.fct_payments (
    order_key uuid, user_key uuid, business_date date, currency varchar, final_outcome varchar,
    net_amount decimal(18, 4), refunded_amount decimal(18, 4), refund_count integer,
    is_test boolean
);
create table marts.fct_refunds (
    refund_key uuid, order_key uuid, currency varchar, business_date date,
    requested_amount decimal(18, 4), refund_status varchar, is_orphan boolean
);
"""

# Three plainly different kinds of payers, and some who never paid; spread by the user's number.
# Orders are spread evenly from the first to the last.
PLANTED = """
create temp table planted as
select
    md5('user' || i)::uuid as user_key, paid, recency, tenure, ticket, failed, wallets,
    refunded, date '2026-06-30' as today
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
);
insert into marts.fct_payments
select md5(user_key || ' ' || n)::uuid, user_key,
    today - (case when paid <= 1 then recency
        else tenure - (n * (tenure - recency) / greatest(paid - 1, 1))::integer end)::integer,
    'CNY', case when paid = 0 then 'failed' else 'succeeded' end,
    case when paid = 0 then 0 else ticket end, 0, 0, false
from planted, range(greatest(paid, 1)) as orders (n);
insert into marts.dim_users by name
select user_key, min(payments.business_date) as first_seen_date,
    min(payments.business_date) filter (paid > 0) as first_paid_date,
    max(payments.business_date) filter (paid > 0) as last_paid_date,
    today - recency::integer as last_attempt_date, max(paid + failed) as attempts, max(failed) as
    failed_attempts, greatest(max(paid), 1) as orders, max(paid) as paid_orders,
    max(refunded) as refunded_orders, 0 as recovered_orders,
    0 as orders_recovered_by_other_wallet, 0 as lost_orders, max(paid) = 0 as is_last_order_lost,
    max(paid * ticket) as gross_amount, 0 as refunded_amount, max(paid * ticket) as net_amount,
    max(ticket) as median_ticket, 'CNY' as currency, max(wallets) as wallets_used
from planted inner join marts.fct_payments as payments using (user_key)
group by user_key, today, recency;
insert into marts.rpt_user_profiles
select user_key, paid, refunded, paid + failed, failed, paid, 0, paid, least(paid, 6), 0.3,
    case when paid > 1 then (tenure - recency) / (paid - 1) end, case wallets when 2 then 0.6 end
from planted;
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(MARTS)
        yield connection


@pytest.fixture
def planted(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    con.execute(PLANTED.format(users=2000))
    return con


@dataclass(frozen=True)
class Known:
    """CDNOW after ingest, dbt and segments; `attempts` is what the log held."""

    workspace: Workspace
    attempts: int


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    data_dir: Path = tmp_path_factory.mktemp("cdnow")
    settings = Settings(
        data_dir=data_dir,
        workspace="merchant",
        pseudonym_key="77c1d05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b685d0c7a91e2b84f36",
        reporting_currency="USD",
    )
    workspace = settings.open_workspace()
    attempts = write_cdnow(workspace.inputs)
    ingest(workspace)
    runs = dbt_run.build(workspace, select=[f"+{mart}" for mart in _MARTS])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    with connect(workspace) as con:
        build_segment_tables(con, ModelStore(workspace.models), settings_of(settings))
    return Known(workspace, attempts)
