"""Amounts that a model withheld in a row that it shows: do they follow from those beside them?

What belongs here: the sums that a table's reader can write down for its amounts, which withheld
amounts they tell, and withholding more until they tell none. What does not: rows that are hidden
as a whole (`recovery`, whose linear programs these are), deciding whose money an amount is (the
models do).

A cause of failure counts who failed; its amounts are NULL where few of them paid in the end. With
the total and the other values shown, a single NULL is what is left. So the candidate withholds a
second amount beside it, the smallest that hides it, and the audit solves all sums again.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from pipelines.privacy import recovery
from pipelines.privacy.catalogue import Table
from pipelines.privacy.dominance import amounts_of
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted

# Rounds of withholding company; after half of them whole sums are withheld.
_ROUNDS = 24


@dataclass(frozen=True)
class _Sums:
    """Terms of the sums over one amount: each is one cell in one sum."""

    line: np.ndarray
    cell: np.ndarray
    sign: np.ndarray
    value: np.ndarray
    hidden: np.ndarray
    wanted: np.ndarray

    def following(self, policy: Policy) -> np.ndarray:
        """Cells whose withheld amount lies between two narrow bounds."""
        if not (self.hidden & self.wanted).any():
            return np.array([], dtype=np.int64)
        right = np.zeros(self.line.max() + 1)
        shown = ~self.hidden
        np.subtract.at(right, self.line[shown], (self.sign * self.value)[shown])
        # Parts larger than their whole (one of them is held back as it was) tell nothing.
        hidden = self.hidden & (right[self.line] > -0.5)  # noqa: PLR2004 - half of a unit
        if not (hidden & self.wanted).any():
            return np.array([], dtype=np.int64)
        cells, first, place = np.unique(self.cell[hidden], return_index=True, return_inverse=True)
        wanted = self.wanted[hidden][first]
        low, high = recovery.bounds(
            self.line[hidden], place, self.sign[hidden], right, wanted, policy
        )
        narrow = (high - low) < np.maximum(policy.recovery_width * high, 1.0)
        return cells[wanted & narrow & (high > 0.5)]  # noqa: PLR2004

    def company(self, following: np.ndarray, policy: Policy, *, whole: bool) -> set[int]:
        """Cells to withhold, so that the amounts that follow have others to hide among.

        In each sum of such a cell: the amount that leaves the fewest others alone in a sum, then
        the smallest that is large enough to hide it; or all of them (`whole`).
        """
        hidden, chosen = self.hidden.copy(), set[int]()
        for cell in following.tolist():
            mine = np.unique(self.line[self.cell == cell])
            unknown = np.bincount(self.line[hidden], minlength=self.line.max() + 1)
            lines = [line for line in mine if unknown[line] == 1] or list(mine)
            least = policy.recovery_width * self.value[self.cell == cell][0]
            for line in lines:
                there = np.flatnonzero((self.line == line) & ~hidden)
                more = self.cell[there] if whole else self._best(there, hidden, least)
                chosen |= set(more.tolist())
                hidden |= np.isin(self.cell, more)
        return chosen

    def _best(self, there: np.ndarray, hidden: np.ndarray, least: float) -> np.ndarray:
        """The one cell among shown terms that is the cheapest company; none among none."""
        parts = there[(self.sign[there] > 0) & (self.value[there] > 0)]
        parts = parts if len(parts) else there
        unknown = np.bincount(self.line[hidden], minlength=self.line.max() + 1)
        costs = [
            (
                int((unknown[self.line[self.cell == self.cell[part]]] == 0).sum()),
                bool(self.value[part] < least),
                float(self.value[part]),
                int(self.cell[part]),
            )
            for part in parts
        ]
        return np.array([min(costs)[-1]] if costs else [], dtype=np.int64)


def amounts_that_follow(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, policy: Policy, whole: str
) -> tuple[list[Finding], dict[str, int]]:
    """Withheld amounts of a marketing table that its reader can work out.

    Args:
        con: connection.
        relation: the published table as SQL.
        table: its declaration.
        policy: fewest people, and how wide an interval hides a value.
        whole: the same table with all amounts (the analysts').

    Returns:
        Findings, and how many withheld amounts were looked at.
    """
    findings, measured = [], {"withheld_amounts": 0}
    for amount, sums in _all_sums(con, relation, table, policy, whole).items():
        measured["withheld_amounts"] += len(np.unique(sums.cell[sums.hidden & sums.wanted]))
        known = len(sums.following(policy))
        if known:
            findings.append(
                Finding(
                    f"{table.name}.{amount}",
                    "withheld amounts follow from totals",
                    known,
                    message=f"{known} lie between two narrow bounds",
                )
            )
    return findings, measured


def withhold_company(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, policy: Policy, whole: str
) -> int:
    """Withhold amounts of a temporary table until none of those withheld before follows.

    Args:
        con: connection.
        relation: the table, which is changed.
        table, policy, whole: as above.

    Returns:
        Amounts withheld. What still follows after all rounds is for the audit to refuse.
    """
    withheld = 0
    for number in range(_ROUNDS):
        # One amount at a time: what it takes along hides the others' too.
        found = (
            (name, sums.company(sums.following(policy), policy, whole=number >= _ROUNDS // 2))
            for name, sums in _all_sums(con, relation, table, policy, whole).items()
        )
        amount, cells = next(((name, cells) for name, cells in found if cells), ("", set()))
        if not cells:
            return withheld
        keys = recovery.keys_of(con, whole, table)
        same = " and ".join(f"t.{quoted(k)} is not distinct from c.{quoted(k)}" for k in keys)
        for name in (amount, *_told_by(table, amount)):
            withheld += con.execute(
                f"update {relation} as t set {quoted(name)} = null from cells c where {same}"
                f" and t.{quoted(name)} is not null and c.id in (select unnest($1::bigint[]))",
                [sorted(cells)],
            ).fetchall()[0][0]
    return withheld


def _told_by(table: Table, amount: str) -> tuple[str, ...]:
    """Amounts of a row that would tell this one: what is at risk is recovered or lost."""
    return tuple(other for name, others in table.parts if name == amount for other in others)


def _all_sums(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, policy: Policy, whole: str
) -> dict[str, _Sums]:
    """The sums of each amount of which something is withheld; leaves the table `cells`."""
    there = {row[0] for row in con.execute(f"describe select * from {whole}").fetchall()}
    amounts = [name for name in amounts_of(table) if name in there]
    keys = recovery.keys_of(con, whole, table)
    totals = [name for name in keys if recovery.has_total(con, relation, name)]
    if not amounts or not totals:
        return {}
    nulls = ", ".join(f"count(*) filter ({quoted(name)} is null)" for name in amounts)
    withheld = con.execute(f"select {nulls} from {relation}").fetchall()[0]
    amounts = [name for name, rows in zip(amounts, withheld, strict=True) if rows]
    if not amounts:
        return {}
    directions = recovery.directions_of(con, relation, totals)
    recovery.write_cells(con, relation, keys, amounts, totals, whole)
    found = {}
    for amount in amounts:
        adding = tuple(d for d in directions if recovery.adds_up(con, keys, d, amount))
        if adding:
            found[amount] = _sums(con, keys, adding, amount, policy)
    return found


def _sums(
    con: duckdb.DuckDBPyConnection,
    keys: list[str],
    directions: tuple[recovery.Direction, ...],
    amount: str,
    policy: Policy,
) -> _Sums:
    parts = " union all ".join(
        f"select {number} as direction, * from ({recovery.sums_of(keys, direction)})"
        for number, direction in enumerate(directions)
    )
    shown, true = quoted(amount), quoted("_true_" + amount)
    terms = con.execute(
        f"with parts as ({parts}), terms as ("
        " select direction, sum_id, part as id, 1 as sign from parts union all"
        " select distinct direction, sum_id, total, -1 from parts)"
        " select dense_rank() over (order by direction, sum_id) - 1 as line, id, sign,"
        # Readers subtract what they see, be it held back or without few people's open orders: what
        # is left is then about the amount, and that is too much.
        f" coalesce({shown}, {true}, 0)::double as value, {shown} is null as is_hidden,"
        f" ({shown} is null and {true} <> 0"
        f" and (not cells.is_hidden or coalesce(_users, 0) < {policy.minimum_users})) as is_wanted"
        " from terms join cells using (id)"
    ).fetchnumpy()
    return _Sums(
        line=np.asarray(terms["line"]),
        cell=np.asarray(terms["id"]),
        sign=np.asarray(terms["sign"]),
        value=np.asarray(terms["value"]),
        hidden=np.asarray(terms["is_hidden"]).astype(bool),
        wanted=np.asarray(terms["is_wanted"]).astype(bool),
    )


def not_shown_in(relation: str, by: tuple[tuple[str, str], ...], amount: str) -> str:
    """Condition on a row `_t`: the other table withholds this amount."""
    # A column of the row, or a constant.
    own = {name: f"_t.{quoted(said)}" if said.isidentifier() else said for name, said in by}
    same = " and ".join(f"o.{quoted(name)} is not distinct from {own[name]}" for name in own)
    shown = f"o.{quoted(amount)} is not null"
    return f"not exists (select 1 from {relation} as o where {same} and {shown})"


def shown_elsewhere(con: duckdb.DuckDBPyConnection, tables: list[Table]) -> list[Finding]:
    """Amounts of the database `candidate` that one table withholds and another one shows."""
    present = {table.name for table in tables}
    findings = []
    for table in tables:
        for other, amounts, by in table.same_as:
            for amount in amounts if other in present else ():
                withheld = not_shown_in(f"candidate.main.{quoted(other)}", by, amount)
                rows = con.execute(
                    f"select count(*) from candidate.main.{quoted(table.name)} as _t"
                    f" where _t.{quoted(amount)} <> 0 and {withheld}"
                ).fetchall()[0][0]
                if rows:
                    place = f"{table.name}.{amount}"
                    findings.append(Finding(place, f"amounts that {other} withholds", rows=rows))
    return findings
