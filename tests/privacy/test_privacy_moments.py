"""Hours that few people share are hidden when a candidate is built; the audit counts anew."""

from __future__ import annotations

import dataclasses
from datetime import date

import duckdb
import pytest
from privacy_files import audit_file, column, write_file

from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.moments import moments_of_people
from pipelines.privacy.policy import Policy
from pipelines.publish.candidate import build_candidate

TODAY = date(2024, 6, 1)
REFUNDS = Table(
    "analyst",
    "fct_refunds",
    (
        column("refund_key", "UUID", "pseudonym", "key", subject="order"),
        column("order_key", "UUID", "pseudonym", "key", subject="order"),
        column("user_key", "UUID", "pseudonym", "key", subject="user"),
        column("business_date", "DATE", "quasi_identifier", "time"),
        column("local_hour", "INTEGER", "quasi_identifier", "time"),
        column("accepted_hour", "TIMESTAMP", "quasi_identifier", "time"),
    ),
)
# A small shop: refunds 0 to 98 in an hour each; then six people and a stranger's order in one hour,
# twelve refunds of one person in another, and five people of whom one was erased in a third.
WAREHOUSE = """
    create schema analyst;
    create table analyst.fct_refunds as
    select md5('r' || n)::uuid as refund_key, md5('o' || n)::uuid as order_key,
        case when who is not null then md5(who)::uuid end as user_key,
        moment::date as business_date, hour(moment)::integer as local_hour, moment as accepted_hour
    from (
        select row_number() over () as n, who, moment from (
            select 'single ' || i as who, timestamp '2024-03-01' + to_hours(i) as moment
            from range(99) t(i)
            union all
            select case when i < 6 then 'many ' || i end, timestamp '2024-04-01 10:00:00'
            from range(7) t(i)
            union all select 'often', timestamp '2024-04-02 10:00:00' from range(12) t(i)
            union all select 'five ' || i, timestamp '2024-04-03 10:00:00' from range(5) t(i)
        )
    )
"""


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(WAREHOUSE)
        (erased,) = con.execute("select md5('five 0')::uuid::varchar").fetchall()[0]
    return path, erased


def built(warehouse, target, minimum: int):
    path, erased = warehouse
    return build_candidate(
        path,
        Catalogue((REFUNDS,)),
        target,
        today=TODAY,
        minimum_people=minimum,
        erased=frozenset({erased}),
    )


def test_hours_of_few_people_are_hidden_and_days_stay(warehouse, tmp_path):
    candidate = built(warehouse, tmp_path / "c.duckdb", 5)
    with duckdb.connect(str(candidate), read_only=True) as con:
        told = con.execute(
            "select accepted_hour::varchar, local_hour, count(*) from fct_refunds group by all"
            " order by all"
        ).fetchall()
        days = con.execute("select count(business_date), count(*) from fct_refunds").fetchall()
        comment = con.execute(
            "select comment from duckdb_columns() where column_name = 'accepted_hour'"
        ).fetchall()[0][0]
    # Twelve refunds of one person are one person; of the five one is gone.
    assert told == [("2024-04-01 10:00:00", 10, 7), (None, None, 99 + 12 + 4)]
    assert days == [(122, 122)]
    assert "NULL also where fewer than 5 people share it" in comment


def exactness(path) -> set[str]:
    report = audit_file(path, Catalogue((REFUNDS,)), "analyst", today=TODAY)
    (check,) = (check for check in report.checks if check.id == "SDC-8")
    assert not check.error
    return {f"{finding.place}: {finding.kind} {finding.distinct}" for finding in check.findings}


def test_the_audit_counts_people_not_rows(warehouse, tmp_path):
    """A hundred refunds in ninety-nine hours are fine once hidden; as they are they are not."""
    assert exactness(built(warehouse, tmp_path / "hidden.duckdb", 5)) == set()
    told = exactness(built(warehouse, tmp_path / "told.duckdb", 0))
    # 99 hours of one person, the hour of one person's twelve refunds, the hour of four people.
    kind = "hours that fewer than 5 people share 101"
    assert told == {f"fct_refunds.accepted_hour: {kind}", f"fct_refunds.local_hour: {kind}"}


def test_who_stands_behind_an_hour():
    keys = {
        name: column(name, "UUID", "pseudonym", "key", subject=subject)
        for name, subject in {
            "event_key": "order",
            "visit_key": "user",
            "user_key": "user",
            "order_key": "order",
            "payout_key": "none",
        }.items()
    }
    hour = column("occurred_hour", "TIMESTAMP", "quasi_identifier", "time")

    def people(*names: str):
        table = Table("analyst", "t", (*(keys[name] for name in names), hour))
        return [moment.people for moment in moments_of_people(table)]

    assert people("event_key", "visit_key", "user_key") == [("user_key", "visit_key")]
    assert people("event_key", "user_key", "order_key") == [("user_key", "order_key")]
    assert people("event_key", "order_key") == [("order_key", "event_key")]
    # Payouts are nobody's.
    assert people("payout_key") == []


@pytest.mark.parametrize(("role", "checks"), [("time", False), ("dimension", True)])
def test_days_of_a_small_shop_do_not_name_their_rows(tmp_path, role, checks):
    """In two years 120 refunds lie on 120 days; a birthday of each customer is another matter."""
    table = dataclasses.replace(
        REFUNDS, columns=(*REFUNDS.columns[:3], column("day", "DATE", "quasi_identifier", role))
    )
    rows = (
        "select md5('r' || i)::uuid as refund_key, md5('o' || i)::uuid as order_key,"
        " md5('u' || i)::uuid as user_key, date '2023-01-01' + (i * 4)::integer as day"
        " from range(120) t(i)"
    )
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_refunds": rows})
    policy = Policy(must_have_rows={}, minimum_people=1)
    report = audit_file(path, Catalogue((table,)), "analyst", policy)
    failed = {check.id for check in report.checks if check.status == "fail"}
    assert ("SDC-8" in failed) == checks
