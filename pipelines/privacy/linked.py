"""Hidden cells that follow from another table: days from their month, months from the whole.

What belongs here: tables that count the same facts in different ways, and all sums that their
readers can write down together. What does not: totals within one table and the solving itself
(`recovery`).

A model says by `meta.privacy.counts` which facts its amount counts or adds up. Tables that add up
the same are one system: where the facts of each row of one (a day) are in one row of another (its
month, or the last 90 days), those rows add up to it, and all rows of a table add up to the whole by
what the tables share (the wallet). The whole is taken as known where enough people are behind it:
several tables tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from pipelines.privacy.catalogue import Contribution, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.recovery import bounds
from pipelines.privacy.report import Finding
from pipelines.privacy.text import literal, quoted


@dataclass(frozen=True)
class _Member:
    """One table of a system; `number` names its temporary tables."""

    number: int
    table: Table
    count: Contribution

    @property
    def keys(self) -> dict[str, str]:
        """Marketing column -> expression over the fact."""
        return dict(self.count.by)

    @property
    def published(self) -> str:
        """The published table as SQL."""
        return f"candidate.main.{quoted(self.table.name)}"

    @property
    def where(self) -> str:
        """Condition on the facts that are counted."""
        about = self.count.where.replace("{analysts}", "analysts.main")
        return about.replace("{cells}", self.published) or "true"


def linked_cells(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], policy: Policy
) -> tuple[list[Finding], dict[str, int]]:
    """Hidden cells that follow from the cells of several marketing tables together.

    Args:
        con: connection with the databases `candidate` and `analysts`.
        tables: marketing tables that are in the candidate.
        policy: fewest people, and how wide an interval hides a value.

    Returns:
        Findings by table, and how many hidden cells and sums were looked at.
    """
    systems: dict[tuple[str, str], list[_Member]] = {}
    for table in tables:
        for count in table.counts:
            about = (count.table, count.expression)
            members = systems.setdefault(about, [])
            members.append(_Member(len(members), table, count))
    findings: list[Finding] = []
    measured = {"linked_cells": 0, "linked_sums": 0}
    for members in systems.values():
        if len(members) < 2:
            continue
        known, hidden, sums = _solve(con, members, policy)
        measured["linked_cells"] += hidden
        measured["linked_sums"] += sums
        names = ", ".join(member.table.name for member in members)
        findings += [
            Finding(
                f"{members[number].table.name}.{members[number].count.amount}",
                "hidden cells follow from other tables",
                cells,
                message=f"when the rows of {names} are added up and subtracted",
            )
            for number, cells in known.items()
        ]
    return findings, measured


def _solve(
    con: duckdb.DuckDBPyConnection, members: list[_Member], policy: Policy
) -> tuple[dict[int, int], int, int]:
    """Cells known too exactly by member, hidden cells, sums with hidden cells."""
    shared = [name for name in members[0].keys if _is_shared(name, members)]
    for member in members:
        _cells(con, member, shared, policy.minimum_users)
    sums = [_to_whole(member) for member in members]
    sums += [
        _to_coarser(fine, coarse)
        for fine in members
        for coarse in members
        if fine is not coarse and _refines(con, fine, coarse)
    ]
    cells = " union all ".join(
        f"select '{m.number}:' || id as id, {m.number} as member, shown, truth, users, is_guess"
        f" from cells_{m.number}"
        for m in members
    )
    con.execute(f"create or replace temp table linked as {cells}")
    lines = " union all ".join(
        f"select {at} as system, * from ({query})" for at, query in enumerate(sums)
    )
    terms = con.execute(
        f"with sums as ({lines}), terms as ("
        " select system, line, part as id, 1 as sign, 0::double as known from sums union all"
        " select distinct system, line, whole, -1, known from sums)"
        " select dense_rank() over (order by system, line) - 1 as line, dense_rank() over (order by"
        " terms.id) as place, sign, coalesce(known, 0)::double as known,"
        # What is shown otherwise than it is (held back as it was) is not exact: it counts as
        # hidden, though nobody looks for it.
        " coalesce(shown is distinct from truth, false) as is_hidden, shown is null as is_absent,"
        " coalesce(truth, 0)::double as truth, coalesce(users, 0) as users,"
        " coalesce(member, -1) as member, coalesce(is_guess, false) as is_guess"
        " from terms left join linked using (id)"
    ).fetchnumpy()
    return _known(terms, policy)


def _known(terms: dict, policy: Policy) -> tuple[dict[int, int], int, int]:
    columns = {name: np.asarray(values) for name, values in terms.items()}
    hidden = columns["is_hidden"].astype(bool)
    line, sign = columns["line"], columns["sign"]
    right = np.zeros(line.max() + 1) if len(line) else np.zeros(0)
    np.add.at(right, line, columns["known"])
    np.subtract.at(right, line[~hidden], (sign * columns["truth"])[~hidden])
    # Where a cell that is held back makes parts larger than their whole, the sum tells nothing.
    hidden &= right[line] > -0.5
    if not hidden.any():
        return {}, 0, 0
    _, first, place = np.unique(columns["place"][hidden], return_index=True, return_inverse=True)
    few = columns["users"][hidden][first] < policy.minimum_users
    guessed = columns["is_guess"][hidden][first].astype(bool)
    wanted = columns["is_absent"][hidden][first].astype(bool) & (few | guessed)
    low, high = bounds(line[hidden], place, sign[hidden], right, wanted, policy)
    narrow = (high - low) < np.maximum(policy.recovery_width * high, 1.0)
    found = wanted & narrow & (high > 0.5)
    members, counted = np.unique(columns["member"][hidden][first][found], return_counts=True)
    known = {int(member): int(cells) for member, cells in zip(members, counted, strict=True)}
    return known, len(first), len(np.unique(line[hidden]))


def _is_shared(name: str, members: list[_Member]) -> bool:
    return len({member.keys.get(name) for member in members}) == 1


def _facts(member: _Member) -> str:
    return f"(select * from analysts.main.{quoted(member.count.table)} where {member.where})"


def _cells(
    con: duckdb.DuckDBPyConnection, member: _Member, shared: list[str], minimum: int
) -> None:
    """Table `cells_<number>`: id, keys, shown, truth, users, `_whole` (what the tables share).

    Where the analysts' rows do not tell a key of every fact (an hour that is hidden there), the
    cells are the combinations of what is known or shown, and one that is absent is taken for
    hidden: readers cannot tell it from one that is empty.
    """
    keys, amount = member.keys, quoted(member.count.amount)
    names = ", ".join(quoted(name) for name in keys)
    told = ", ".join(f"{expression} as {quoted(name)}" for name, expression in keys.items())
    # A row for each plan, of the same payments.
    published = (
        f"(select {names}, any_value({amount}) as {amount} from {member.published} group by all)"
    )
    con.execute(
        f"create or replace temp table truth as select {names},"
        f" sum({member.count.expression})::double as truth,"
        f" count(distinct {quoted(member.count.person)}) as users"
        f" from (select *, {told} from {_facts(member)}) group by all"
    )
    unknown = " or ".join(f"{quoted(name)} is null" for name in keys)
    is_guess = bool(con.execute(f"select 1 from truth where {unknown} limit 1").fetchall())
    if is_guess:
        known = dict(member.count.values)
        grid = " cross join ".join(
            f"(select unnest({known[name]}) as {quoted(name)})"
            if name in known
            else f"(select distinct {quoted(name)} from {published})"
            for name in keys
        )
        con.execute(
            f"create or replace temp table truth as select *, null::double as truth,"
            f" 0 as users from {grid}"
        )
    same = " and ".join(f"t.{quoted(n)} is not distinct from p.{quoted(n)}" for n in keys)
    whole = ", ".join(f"t.{quoted(name)}" for name in shared) or "null"
    truth = f"p.{amount}::double" if is_guess else "t.truth"
    con.execute(
        f"create or replace temp table cells_{member.number} as"
        f" select row_number() over () as id, t.* exclude (truth), p.{amount}::double as shown,"
        f" coalesce({truth}, -1) as truth, row({whole})::varchar as _whole, {is_guess} as is_guess"
        f" from truth t left join {published} p on {same}"
    )
    con.execute(
        f"create or replace temp table wholes_{member.number} as select row({_of(member, shared)})"
        f"::varchar as _whole, sum({member.count.expression})::double as known"
        f" from {_facts(member)} group by 1"
        # Of fewer people no table tells the whole.
        f" having count(distinct {quoted(member.count.person)}) >= {minimum}"
    )


def _of(member: _Member, names: list[str]) -> str:
    return ", ".join(member.keys[name] for name in names) or "null"


def _to_whole(member: _Member) -> str:
    """Query: line, part, whole, known: all cells of a table are everything."""
    return (
        f"select w._whole as line, '{member.number}:' || c.id as part,"
        f" {literal(f'whole {member.number}')} || w._whole as whole, w.known"
        f" from cells_{member.number} c join wholes_{member.number} w using (_whole)"
    )


def _to_coarser(fine: _Member, coarse: _Member) -> str:
    """Query: line, part, whole, known: the cells of one table are one cell of another."""
    told = [
        f"({expression}) as {quoted(f'{side}_{name}')}"
        for side, member in (("f", fine), ("c", coarse))
        for name, expression in member.keys.items()
    ]
    pairs = f"(select distinct {', '.join(told)} from {_facts(fine)} where {coarse.where})"

    def same(side: str, member: _Member) -> str:
        return " and ".join(
            f"{side}.{quoted(name)} is not distinct from pair.{quoted(f'{side}_{name}')}"
            for name in member.keys
        )

    return (
        f"select c.id::varchar as line, '{fine.number}:' || f.id as part,"
        f" '{coarse.number}:' || c.id as whole, 0::double as known from {pairs} pair"
        f" join cells_{fine.number} f on {same('f', fine)}"
        f" join cells_{coarse.number} c on {same('c', coarse)}"
    )


def _refines(con: duckdb.DuckDBPyConnection, fine: _Member, coarse: _Member) -> bool:
    """Whether the facts of each cell of `fine` are in one cell of `coarse` or all outside of it
    (of its window), and all facts of `coarse` are in cells of `fine`."""
    one, other = (", ".join(member.keys.values()) for member in (fine, coarse))
    unknown = " or ".join(f"({expression}) is null" for expression in fine.keys.values())
    inside = f"coalesce({coarse.where}, false)"
    split, missing, cells = con.execute(
        "select count(*) filter (cells > 1), coalesce(bool_or(is_unknown), false), count(*) from ("
        f"select row({one}) as f,"
        f" count(distinct case when {inside} then row({other})::varchar else 'out' end) as cells,"
        f" bool_or({unknown}) as is_unknown from {_facts(fine)} group by 1)"
    ).fetchall()[0]
    if not cells or split or missing:
        return False
    beyond = con.execute(
        f"select count(*) from {_facts(coarse)} where not coalesce({fine.where}, false)"
    ).fetchall()[0][0]
    return beyond == 0
