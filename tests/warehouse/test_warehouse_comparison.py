"""The last 90 days of a wallet, its months and its days: none tells of few people by the others."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from handmade_lake import make_workspace, write_lake

from pipelines.privacy.artefact import open_together
from pipelines.privacy.catalogue import read_catalogue
from pipelines.privacy.linked import linked_cells
from pipelines.privacy.policy import Policy
from pipelines.settings import Workspace
from pipelines.warehouse import connect, dbt_run

MINIMUM = 10
# In the order in which they read one another.
MODELS = {
    "rpt_comparison_window": "marts.rpt_comparison_window",
    "rpt_wallet_comparison": "marts.rpt_wallet_comparison",
    "rpt_fee_what_if": "marts.rpt_fee_what_if",
    "published_analyst__daily_performance": "analyst.daily_performance",
    "published_marketing__wallet_comparison": "marketing.wallet_comparison",
    "published_marketing__wallet_performance": "marketing.wallet_performance",
    "published_marketing__daily_performance": "marketing.daily_performance",
    "published_marketing__hourly_performance": "marketing.hourly_performance",
    "published_marketing__fee_what_if": "marketing.fee_what_if",
}
FACTS = ("fct_payment_attempts", "fct_captures")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = make_workspace(tmp_path_factory.mktemp("compared"), minimum_cell_users=MINIMUM)
    write_lake(found.lake, story={})
    return found


@pytest.fixture(scope="module")
def queries(workspace: Workspace) -> dict[str, str]:
    """Relation -> SQL of the project's models."""
    runs = dbt_run.build(workspace, select=[f"+{name}" for name in MODELS])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    sql = {run.name: run.sql_path for run in runs if run.name in MODELS}
    return {relation: sql[name].read_text() for name, relation in MODELS.items()}


def published(
    workspace: Workspace, queries: dict[str, str], people: dict[date, list[int]], folder: Path
) -> tuple[list[str], date]:
    """What the audit finds when these people paid on these days; and when the comparison begins.

    Nobody (-1) is a payment of a bill that names nobody, from before there was a log.
    """
    days = [(day, who, at) for day, all_day in people.items() for at, who in enumerate(all_day)]
    with connect.connect(workspace) as con:
        con.execute("create or replace temp table paid (day date, who integer, number integer)")
        con.executemany("insert into paid values (?, ?, ?)", days)
        for table in FACTS:
            con.execute(f"delete from marts.{table}")
        con.execute(
            "insert into marts.fct_payment_attempts by name select md5(day || '-' || number)::uuid"
            " as attempt_key, md5(who::varchar)::uuid as user_key, day as business_date,"
            " who % 24 as local_hour, 'paypal' as wallet, 'succeeded' as outcome,"
            " 'succeeded' as resolved_outcome, 20 as amount, 'CNY' as currency,"
            " false as is_test from paid where who >= 0"
        )
        con.execute(
            "insert into marts.fct_captures by name select md5(day || '-' || number)::uuid"
            " as capture_key, case when who >= 0 then md5(who::varchar)::uuid end as user_key,"
            " day as business_date, 'paypal' as provider, 'paypal' as wallet,"
            " 20 + number as amount, 'CNY' as currency, false as is_test from paid"
        )
        for relation, query in queries.items():
            con.execute(f"create or replace table {relation} as {query}")
        (begins,) = con.execute("select min(from_date) from marts.rpt_wallet_comparison").fetchone()
        for name, tables in (
            ("analysts", {table: f"marts.{table}" for table in FACTS}),
            ("candidate", {r.split(".")[1]: r for r in queries if r.startswith("marketing.")}),
        ):
            con.execute(f"attach '{folder / name}.duckdb' as {name}")
            for table, relation in tables.items():
                con.execute(f"create table {name}.{table} as from {relation}")
            con.execute(f"detach {name}")
    return audited(folder), begins


def audited(folder: Path) -> list[str]:
    catalogue = read_catalogue(dbt_run.manifest_path()).for_audience("marketing")
    names = {name.split("__")[1] for name in MODELS if "marketing" in name}
    tables = [table for table in catalogue.tables if table.name in names]
    paths = {name: folder / f"{name}.duckdb" for name in ("analysts", "candidate")}
    with closing(open_together(**paths)) as con:
        shown = con.execute("select count(*) from candidate.main.wallet_comparison").fetchone()
        assert shown == (1,)
        findings, measured = linked_cells(con, tables, Policy(minimum_users=MINIMUM))
    assert measured["linked_sums"] > 0
    return [f"{finding.place}: {finding.message}" for finding in findings]


def few_a_day(first: date, last: date, people: int = 2) -> dict[date, list[int]]:
    """So many of thirty people on each day, others on the next."""
    days = (last - first).days + 1
    return {
        first + timedelta(days=at): [(at * people + number) % 30 for number in range(people)]
        for at in range(days)
    }


@pytest.mark.parametrize(
    ("first", "last", "begins"),
    [
        pytest.param("2026-03-02", "2026-05-31", "2026-03-01", id="one day is older"),
        pytest.param("2026-02-10", "2026-07-28", "2026-04-01", id="the 90 days begin on the 30th"),
        pytest.param("2026-02-10", "2026-07-14", "2026-04-16", id="many people on either side"),
        pytest.param("2026-03-10", "2026-05-31", "2026-03-03", id="nothing is older"),
    ],
)
def test_a_comparison_leaves_no_few_people_over(workspace, queries, tmp_path, first, last, begins):
    """A shop of two payments a day was refused whenever its 90 days began or ended a month."""
    people = few_a_day(date.fromisoformat(first), date.fromisoformat(last))
    assert published(workspace, queries, people, tmp_path) == ([], date.fromisoformat(begins))


def test_an_early_month_of_few_people_is_not_left_over_alone(workspace, queries, tmp_path):
    """Five people tried the shop out in January, all the others came since: February with them."""
    people = few_a_day(date(2026, 2, 1), date(2026, 5, 1))
    people |= {date(2026, 1, 5) + timedelta(days=at): [at] for at in range(5)}
    found, begins = published(workspace, queries, people, tmp_path)
    assert found == []
    assert begins == date(2026, 3, 1)


def test_a_month_of_bills_that_name_nobody(workspace, queries, tmp_path):
    """Bills since January, a log of one's own since February: January followed from the 90 days."""
    people = few_a_day(date(2026, 2, 1), date(2026, 3, 20))
    people |= {date(2026, 1, 5) + timedelta(days=at): [-1, -1] for at in range(20)}
    assert published(workspace, queries, people, tmp_path)[0] == []


def test_the_last_90_days_alone_would_have_told(workspace, queries, tmp_path):
    """The audit of the tests above finds what they are there for."""
    people = few_a_day(date(2026, 3, 2), date(2026, 5, 31))
    assert published(workspace, queries, people, tmp_path)[0] == []
    with duckdb.connect(str(tmp_path / "candidate.duckdb")) as con:
        con.execute("update wallet_comparison set from_date = date '2026-03-03', attempts = 180")
    assert audited(tmp_path) != []
