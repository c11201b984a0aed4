"""The checks of a file of figures, for marketing: what a figure could tell of one person.

What belongs here: the checks SDC of aggregates, in order, and which other files they look at. What
does not: how each looks (its own module), rows about people (`people_checks`).
"""

from __future__ import annotations

from pipelines.privacy import (
    differencing,
    disclosure,
    dominance,
    extremes,
    linked,
    recovery,
    withheld,
)
from pipelines.privacy.checks import Checks, Outcome
from pipelines.privacy.opened import OpenedFile
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted


class FigureChecks:
    """SDC-1, SDC-3, SDC-4, SDC-5 and SDC-7."""

    def __init__(self, file: OpenedFile) -> None:
        self.file = file

    def run(self, checks: Checks) -> None:
        """Run them in order."""
        minimum = f"at least {self.file.policy.minimum_users} people"
        share = f"two people make at most {self.file.policy.two_largest_share:.0%}"
        checks.run("SDC-1", "enough people behind every figure", minimum, self._cells)
        checks.run("SDC-3", "no sums that one or two people make", share, self._dominated)
        checks.run("SDC-4", "no hidden cell follows from totals", "intervals", self._recovered)
        checks.run("SDC-5", "no cell changed by few people", minimum, self._differences)
        checks.run("SDC-7", "no figure is one person's value", "none", self._extremes)

    def _cells(self) -> Outcome:
        return self.file.by_table(
            lambda table, relation: disclosure.too_few_people(
                self.file.con, relation, table, self.file.policy
            )
        )

    def _dominated(self) -> Outcome:
        findings, cells, unproven = [], 0, []
        if not self.file.house.analysts:
            return findings, {"cells": cells, "amounts_without_proof": unproven}
        with self.file.together() as con:
            largest = dominance.largest_people(con, "analysts")
            for table in self.file.tables():
                relation = f"candidate.main.{quoted(table.name)}"
                found, looked_at = dominance.dominated(
                    con, "analysts", table, relation, self.file.policy
                )
                findings, cells = findings + found, cells + looked_at
                findings += dominance.undeclared(table)
                unproven += dominance.unproven(con, table, relation, largest, self.file.policy)
        return findings, {"cells": cells, "amounts_without_proof": unproven}

    def _recovered(self) -> Outcome:
        findings, measured = [], {}
        with self.file.together() as con:
            whole = {
                name
                for (name,) in con.execute(
                    "select table_name from duckdb_columns()"
                    " where database_name = 'analysts' and column_name = 'users'"
                ).fetchall()
            }
            for table in self.file.tables():
                relation = f"candidate.main.{quoted(table.name)}"
                twin = f"analysts.main.{quoted(table.name)}" if table.name in whole else None
                found, figures = recovery.recoverable(con, relation, table, self.file.policy, twin)
                findings += found
                measured |= {f"{table.name}.{key}": value for key, value in figures.items()}
                if twin:
                    found, figures = withheld.amounts_that_follow(
                        con, relation, table, self.file.policy, twin
                    )
                    findings += found
                    measured |= {f"{table.name}.{key}": value for key, value in figures.items()}
            findings += withheld.shown_elsewhere(con, self.file.tables())
            if self.file.house.analysts:
                found, figures = linked.linked_cells(con, self.file.tables(), self.file.policy)
                findings, measured = findings + found, measured | figures
        return findings, measured

    def _differences(self) -> Outcome:
        findings: list[Finding] = []
        changed: dict[str, int] = {}
        for earlier in self.file.house.earlier:
            paths = {"candidate": self.file.path, "earlier": earlier.marketing}
            paths["last"] = self.file.house.earlier[0].marketing
            if self.file.house.analysts:
                paths |= {"analysts": self.file.house.analysts, "analysts_then": earlier.analysts}
            with self.file.open_together(paths) as con:
                people = differencing.changed_people(con, paths, self.file.everything)
                changed[earlier.release_id] = people
                for table in self.file.tables():
                    now, before, last = (
                        f"{name}.main.{quoted(table.name)}"
                        for name in ("candidate", "earlier", "last")
                    )
                    # Readers have the rows of the last release: repeated, they tell nothing.
                    told = differencing.not_in(con, now, last, table)
                    findings += differencing.small_changes(
                        con, told, before, table, self.file.policy, people
                    )
        return findings, {"changed_people": changed}

    def _extremes(self) -> Outcome:
        analysts = "analysts" if self.file.house.analysts else None
        findings = []
        with self.file.together() as con:
            for table in self.file.tables():
                relation = f"candidate.main.{quoted(table.name)}"
                findings += extremes.extremes(con, relation, table, self.file.policy, analysts)
        return findings, {}
