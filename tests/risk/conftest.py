"""Marts in memory: a simulated merchant under attack, and hand-written rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from planted_attacks import everyday_merchant, merchant_of, plant_attacks, write_marts

from pipelines.risk.payments import RiskRules
from pipelines.risk.tables import write_risk
from pipelines.warehouse.store import ModelStore

SEED = 5
EPOCH = datetime.fromisoformat("1970-01-01")


@pytest.fixture(scope="package")
def attacked() -> Iterator[duckdb.DuckDBPyConnection]:
    """Four months, 20,000 attempts and every attack, after the room has run."""
    merchant = plant_attacks(everyday_merchant(20_000, SEED, 4), SEED)
    with duckdb.connect(config={"threads": 2}) as con:
        write_marts(con, merchant)
        write_risk(con, RiskRules(), ModelStore(Path("no models yet")))
        yield con


@pytest.fixture(scope="package")
def quiet() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same merchant without attacks."""
    with duckdb.connect(config={"threads": 2}) as con:
        write_marts(con, everyday_merchant(20_000, SEED, 4))
        write_risk(con, RiskRules(), ModelStore(Path("no models yet")))
        yield con


@pytest.fixture
def found() -> Iterator[Callable[..., dict[str, list[str]]]]:
    """Run the room on hand-written attempts and refunds: case -> names of the rules.

    `prepare` is SQL to run on the marts before. The connection stays open as `found.con`.
    """
    with duckdb.connect(config={"threads": 2}) as con:

        def run(
            attempts: list[dict], refunds: list[dict] | None = None, prepare: str = ""
        ) -> dict[str, list[str]]:
            write_marts(con, merchant_of(attempts, refunds))
            con.execute(
                "create table named as select md5(x)::uuid as case_key, x as name from ("
                " select unnest(?) as x union all select unnest(?))",
                [[row["attempt"] for row in attempts], [r["refund"] for r in refunds or []]],
            )
            if prepare:
                con.execute(prepare)
            write_risk(con, RiskRules(), ModelStore(Path("no models yet")))
            rows = con.execute(
                "select coalesce(name, case_key::varchar), list(risk_reason order by risk_reason)"
                " from analysis.suspicious_payment_reasons left join named using (case_key)"
                " group by all order by all"
            ).fetchall()
            return dict(rows)

        run.con = con
        yield run


@pytest.fixture
def attempt() -> Callable[..., dict]:
    """One hand-written attempt: `attempt("a1", "2026-02-03 10:00", amount=20, user="ada")`."""

    def make(name: str, at: str, **columns: object) -> dict:
        clock = int((datetime.fromisoformat(at) - EPOCH).total_seconds() * 1000)
        return {
            "attempt": name,
            "order": f"order of {name}",
            "wallet": "alipay",
            "channel": "app",
            "amount": 20.0,
            "outcome": "succeeded",
            "clock": clock,
            **columns,
        }

    return make
