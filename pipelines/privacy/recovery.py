"""Hidden cells that follow from the cells shown: totals minus parts, solved as linear programs.

What belongs here: finding a table's totals, writing down what its reader can add and subtract, and
the interval each hidden cell is then known to lie in. What does not: hiding cells (the models do).
The audit is independent of who hid the cells and how: it only knows what is published, and from the
analysts' file which cells there are.

A total is a row with `all` in a dimension. Two dimensions that are `all` together are one: one
names what the other's values are (`os`, `ios`), and the values of each name add up to everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import duckdb
import numpy as np

from pipelines.privacy.catalogue import Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted

TOTAL = "all"
_PUSHES = 8


@dataclass(frozen=True)
class Direction:
    """One way in which parts add up: over the values of `part`, for each `name` when it has one."""

    part: str
    name: str = ""


def recoverable(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    policy: Policy,
    whole: str | None = None,
) -> tuple[list[Finding], dict[str, int]]:
    """Hidden cells of a marketing table that its reader can work out.

    Args:
        con: connection.
        relation: the published table as SQL.
        table: its declaration.
        policy: fewest people, and how wide an interval hides a value.
        whole: the same table with all cells (analysts' file), or None. With it only cells of few
            people count; without it every absent combination of published values is hidden.

    Returns:
        Findings, and how many hidden cells and sums were looked at.
    """
    keys = keys_of(con, whole or relation, table)
    totals = [name for name in keys if has_total(con, relation, name)]
    counts = [
        column.name
        for column in table.columns
        if column.role == "measure" and column.data_type.lower() in ("bigint", "integer", "hugeint")
    ]
    if not totals or not counts:
        return [], {}
    directions = directions_of(con, relation, totals)
    write_cells(con, relation, keys, counts, totals, whole)
    findings: list[Finding] = []
    measured = {"hidden_cells": 0, "sums": 0}
    solved: set[tuple[Direction, ...]] = set()
    for measure in counts:
        adding = tuple(d for d in directions if adds_up(con, keys, d, measure))
        # The same sums hide and uncover the same cells: one measure speaks for the others.
        if not adding or adding in solved:
            continue
        solved.add(adding)
        known, hidden, sums = _solve(con, keys, adding, measure, policy, whole is not None)
        measured["hidden_cells"] += hidden
        measured["sums"] += sums
        if known:
            message = f"in {known} hidden cells it lies between two narrow bounds"
            place = f"{table.name}.{measure}"
            findings.append(
                Finding(place, "hidden cells follow from totals", known, message=message)
            )
    return findings, measured


def keys_of(con: duckdb.DuckDBPyConnection, relation: str, table: Table) -> list[str]:
    """Columns whose values say what a row is about.

    A yes or no without which rows differ as well (`is_small_sample`) says something of the row: by
    it, parts would be separated from their total.
    """
    there = {row[0] for row in con.execute(f"describe select * from {relation}").fetchall()}
    named = [c for c in table.columns if c.privacy_class == "none" and c.role != "text"]
    for column in [c for c in named if c.data_type.lower() == "boolean"]:
        others = [c for c in named if c is not column]
        names = ", ".join(quoted(c.name) for c in others if c.name in there) or "1"
        query = (
            f"select count(*) from (select 1 from {relation} group by {names} having count(*) > 1)"
        )
        if con.execute(query).fetchall()[0][0] == 0:
            named = others
    return [c.name for c in named]


def has_total(con: duckdb.DuckDBPyConnection, relation: str, name: str) -> bool:
    """Whether a column has the value that stands for all others."""
    query = f"select count(*) from {relation} where {quoted(name)}::varchar = {literal(TOTAL)}"
    return bool(con.execute(query).fetchall()[0][0])


def directions_of(
    con: duckdb.DuckDBPyConnection, relation: str, totals: list[str]
) -> list[Direction]:
    """How parts add up; `all` in both or in none of two columns makes one the other's name."""
    named: dict[str, str] = {}
    for name, part in permutations(totals, 2):
        apart, names, parts = con.execute(
            f"select count(*) filter (({quoted(name)} = {literal(TOTAL)})"
            f" <> ({quoted(part)} = {literal(TOTAL)})), count(distinct {quoted(name)}),"
            f" count(distinct {quoted(part)}) from {relation}"
        ).fetchall()[0]
        if apart == 0 and names <= parts and named.get(name) is None and part not in named:
            named[part] = name
    inner = set(named.values())
    return [Direction(part, named.get(part, "")) for part in totals if part not in inner]


def write_cells(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    keys: list[str],
    counts: list[str],
    totals: list[str],
    whole: str | None,
) -> None:
    """Temporary table `cells`: id, keys, counts (NULL where hidden), is_hidden, _users.

    `_true_<count>` are the counts of all cells where the analysts' file has them, else shown ones.
    """
    names = ", ".join(quoted(key) for key in keys)
    same = " and ".join(f"s.{quoted(k)} is not distinct from w.{quoted(k)}" for k in keys)
    shown = ", ".join(f"s.{quoted(count)}" for count in counts)
    if whole:
        everything, users = whole, "w.users"
        there = {row[0] for row in con.execute(f"describe select * from {whole}").fetchall()}
    else:
        rest = [key for key in keys if key not in totals]
        axes = _axes(totals, con, relation)
        axes += [[key] for key in rest]
        grid = " cross join ".join(
            f"(select distinct {', '.join(quoted(c) for c in axis)} from {relation})"
            for axis in axes
        )
        everything, users, there = f"(select {names} from {grid})", "null::bigint", set()
    true = ", ".join(
        f"{'w' if count in there else 's'}.{quoted(count)} as {quoted('_true_' + count)}"
        for count in counts
    )
    con.execute(
        "create or replace temp table cells as select row_number() over () - 1 as id,"
        f" {', '.join('w.' + quoted(k) for k in keys)}, {shown}, {true},"
        " s._there is null as is_hidden,"
        f" {users} as _users from {everything} w"
        f" left join (select *, true as _there from {relation}) s on {same}"
    )


def _axes(totals: list[str], con: duckdb.DuckDBPyConnection, relation: str) -> list[list[str]]:
    return [[d.part, d.name] if d.name else [d.part] for d in directions_of(con, relation, totals)]


def sums_of(keys: list[str], direction: Direction) -> str:
    """Query: sum (a number), id of a part, id of the total."""
    others = [key for key in keys if key not in (direction.part, direction.name)]
    same = " and ".join(
        ["true", *(f"p.{quoted(k)} is not distinct from t.{quoted(k)}" for k in others)]
    )
    total = f"t.{quoted(direction.part)} = {literal(TOTAL)}"
    by = f", p.{quoted(direction.name)}" if direction.name else ""
    if direction.name:
        total += f" and t.{quoted(direction.name)} = {literal(TOTAL)}"
    return (
        f"select dense_rank() over (order by t.id{by}) as sum_id, p.id as part, t.id as total"
        f" from cells p join cells t on {same} and {total}"
        f" and p.{quoted(direction.part)} <> {literal(TOTAL)}"
    )


def adds_up(
    con: duckdb.DuckDBPyConnection, keys: list[str], direction: Direction, measure: str
) -> bool:
    """Whether parts never exceed their total: attempts of a value repeat by cause, slices overlap.

    Asked of all cells where the analysts' file has them: of few shown ones it may look so.
    """
    name = quoted("_true_" + measure)
    over, compared = con.execute(
        f"with sums as ({sums_of(keys, direction)})"
        " select count(*) filter (parts > whole), count(*)"
        f" from (select sum(p.{name}) as parts, any_value(t.{name}) as whole from sums"
        " join cells p on p.id = part join cells t on t.id = total"
        f" where t.{name} is not null group by sum_id)"
    ).fetchall()[0]
    return compared > 0 and over == 0


def _solve(
    con: duckdb.DuckDBPyConnection,
    keys: list[str],
    directions: tuple[Direction, ...],
    measure: str,
    policy: Policy,
    is_whole: bool,
) -> tuple[int, int, int]:
    """Cells known too exactly, hidden cells, sums with hidden cells."""
    parts = " union all ".join(
        f"select {number} as direction, * from ({sums_of(keys, direction)})"
        for number, direction in enumerate(directions)
    )
    # One line per term: parts count +1, the total -1; known terms go to the right-hand side.
    terms = con.execute(
        f"with parts as ({parts}), terms as ("
        " select direction, sum_id, part as id, 1 as sign from parts union all"
        " select distinct direction, sum_id, total, -1 from parts)"
        f" select dense_rank() over (order by direction, sum_id) - 1 as line, id, sign,"
        f" cells.is_hidden, coalesce(cells.{quoted(measure)}, 0)::double as value,"
        " coalesce(cells._users, 0) as users from terms join cells using (id)"
    ).fetchnumpy()
    is_hidden = np.asarray(terms["is_hidden"], dtype=bool)
    if not is_hidden.any():
        return 0, 0, 0
    line, sign = np.asarray(terms["line"]), np.asarray(terms["sign"])
    right = np.zeros(line.max() + 1)
    value = np.asarray(terms["value"])
    np.subtract.at(right, line[~is_hidden], (sign * value)[~is_hidden])
    ids, place = np.unique(np.asarray(terms["id"])[is_hidden], return_inverse=True)
    users = np.zeros(len(ids))
    users[place] = np.asarray(terms["users"])[is_hidden]
    wanted = users < policy.minimum_users if is_whole else np.ones(len(ids), dtype=bool)
    low, high = bounds(line[is_hidden], place, sign[is_hidden], right, wanted, policy)
    narrow = (high - low) < np.maximum(policy.recovery_width * high, 1.0)
    known = int((wanted & narrow & (high > 0.5)).sum())
    return known, len(ids), len(np.unique(line[is_hidden]))


def bounds(line, place, sign, right, wanted, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """Interval of every hidden cell under sums `A x = right`, x >= 0.

    Args:
        line, place, sign: the hidden terms: sum, cell and coefficient of each.
        right: what the hidden terms of each sum come to.
        wanted: cells whose interval matters; of others it may come out too narrow.
        policy: an interval already wide enough is not widened further.

    Returns:
        Lower and upper bounds, exact where they are narrow, else perhaps too narrow.

    Raises:
        RuntimeError: the sums contradict one another, or the solver gave up.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, eye_array, hstack

    used, row = np.unique(line, return_inverse=True)
    cells, sums = len(wanted), len(used)
    matrix = coo_array((sign.astype(float), (row, place)), shape=(sums, cells)).tocsr()
    # No cell can be larger than everything; a cell whose total is hidden too has no other limit.
    ceiling = max(float(np.abs(right).sum()), 1.0) * 2
    low, high = np.full(cells, np.inf), np.full(cells, -np.inf)

    def solve(objective: np.ndarray, columns) -> np.ndarray:
        found = linprog(
            objective, A_eq=columns, b_eq=right[used], bounds=(0, ceiling), method="highs"
        )
        if found.status != 0:
            raise RuntimeError(f"sums of the table contradict one another: {found.message}")
        return found.x

    # A value that is hidden in every row is in no cell: where the sums cannot be met without it,
    # they get an unknown part of their own.
    missing = solve(
        np.concatenate([np.zeros(cells), np.ones(sums)]), hstack([matrix, eye_array(sums)])
    )[cells:]
    unknown = np.flatnonzero(missing > 1e-6)
    extended = hstack([matrix, eye_array(sums).tocsc()[:, unknown]]).tocsr()

    def push(objective: np.ndarray) -> None:
        answer = solve(np.concatenate([objective, np.zeros(len(unknown))]), extended)[:cells]
        np.minimum(low, answer, out=low)
        np.maximum(high, answer, out=high)

    def narrow() -> np.ndarray:
        return wanted & (high - low < np.maximum(policy.recovery_width * high, 1.0))

    # Two feasible answers far apart prove a cell hidden. Cells that share no sum are pushed up
    # together; only what is narrow after that needs programs of its own.
    push(np.ones(cells))
    for batch in _batches(np.flatnonzero(narrow()), matrix.tocsc()):
        objective = np.zeros(cells)
        objective[batch] = -1.0
        push(objective)
    # A few pushes in all directions at once move most of what is left.
    random = np.random.default_rng(0)
    for _ in range(_PUSHES if narrow().sum() > _PUSHES else 0):
        push(np.where(narrow(), random.choice([-1.0, 1.0], cells), 0.0))
    for cell in np.flatnonzero(narrow()):
        objective = np.zeros(cells)
        objective[cell] = -1.0
        for direction in (objective, -objective):
            if narrow()[cell]:
                push(direction)
    return low, high


def _batches(cells: np.ndarray, columns) -> list[list[int]]:
    """Cells in few groups, those of a group in different sums."""
    batches: list[tuple[list[int], set[int]]] = []
    for cell in cells:
        sums = set(columns.indices[columns.indptr[cell] : columns.indptr[cell + 1]])
        for members, taken in batches:
            if not taken & sums:
                members.append(cell)
                taken |= sums
                break
        else:
            batches.append(([cell], sums))
    return [members for members, _ in batches]
