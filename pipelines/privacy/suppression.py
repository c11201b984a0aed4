"""Local suppression: rare combinations of quasi-identifiers lose their rarest parts.

What belongs here: which values of which combinations are replaced by NULL so that enough different
people share every combination. What does not: proving it (`disclosure` counts the published file
anew), or aggregates, which dbt models hide by cell.

The same combination is treated alike in all tables of a file: what one table hides, another must
not tell about the same pseudonym.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.text import literal, quoted


@dataclass(frozen=True)
class Group:
    """Columns whose combinations are looked at together, in the tables that have all of them.

    Attributes:
        columns: names of the quasi-identifiers.
        tables: names of the tables.
        sensitive: (table, column) of what all members of a combination must not share.
    """

    columns: tuple[str, ...]
    tables: tuple[str, ...]
    sensitive: tuple[tuple[str, str], ...] = ()


def person_column(table: Table) -> Column | None:
    """The column that names the person, or None."""
    return next(
        (c for c in table.columns if c.privacy_class == "pseudonym" and c.subject == "user"), None
    )


def quasi_identifiers(table: Table) -> list[Column]:
    """Columns by which an outsider may know a person; moments are generalised, not grouped."""
    return [
        column
        for column in table.columns
        if column.privacy_class == "quasi_identifier" and column.role == "dimension"
    ]


def groups(catalogue: Catalogue) -> list[Group]:
    """What has to be common in a file with rows about people.

    A table with one row per person holds the profile: its quasi-identifiers are looked at together
    wherever they appear, with the sensitive values of all tables with a row per person. Others (a
    bank, the last channel) change from payment to payment and are looked at one by one; that users
    of a mini program pay with its wallet is no secret of theirs.
    """
    about_people = [table for table in catalogue.tables if person_column(table) is not None]
    profile = _profile(about_people)
    found: dict[tuple[str, ...], list[Table]] = {}
    for table in about_people:
        names = [column.name for column in quasi_identifiers(table)]
        together = tuple(name for name in profile if name in names)
        for columns in (together, *((name,) for name in names if name not in together)):
            if columns:
                found.setdefault(columns, []).append(table)
    return [
        Group(
            columns,
            tuple(table.name for table in tables),
            _sensitive(tables) if set(columns) <= set(profile) else (),
        )
        for columns, tables in sorted(found.items())
    ]


def _has_a_row_per_person(table: Table) -> bool:
    """Whether its first key, which says what a row is about, is the person's."""
    keys = [c for c in table.columns if c.privacy_class == "pseudonym" and c.role == "key"]
    return bool(keys) and keys[0].subject == "user"


def _profile(tables: list[Table]) -> tuple[str, ...]:
    for table in tables:
        if _has_a_row_per_person(table):
            return tuple(sorted(column.name for column in quasi_identifiers(table)))
    return ()


def _sensitive(tables: list[Table]) -> tuple[tuple[str, str], ...]:
    """Sensitive values of tables with a row per person; of single payments nobody is a group."""
    return tuple(
        (table.name, column.name)
        for table in tables
        if _has_a_row_per_person(table)
        for column in table.columns
        if column.privacy_class == "sensitive" and column.role == "dimension"
    )


class Suppression:
    """Temporary tables that say which combinations become what.

    Args:
        con: connection in which the temporary tables are made.
        relations: table name -> relation as SQL, where the unsuppressed rows are read.
        catalogue: declarations of the audience.
        minimum: fewest people of a combination; a table about fewer shows none.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        relations: dict[str, str],
        catalogue: Catalogue,
        minimum: int,
    ) -> None:
        self.con, self.relations, self.catalogue, self.minimum = con, relations, catalogue, minimum
        # Four suspects are a small group whatever they did. Hidden among them, a value need not be
        # hidden wherever thousands share it.
        self.short = {
            table: self._count_people(table) < minimum
            for group in groups(catalogue)
            for table in group.tables
        }
        self.groups = [self._without_short(group) for group in groups(catalogue)]
        for number, group in enumerate(self.groups):
            self._solve(f"_rare_{number}", group)

    def source(self, table: Table) -> tuple[str, dict[str, str]]:
        """FROM clause of a table with its replacements joined, and column -> expression."""
        joins, replaced = [], {}
        for group in groups(self.catalogue):
            if table.name in group.tables and self.short[table.name]:
                replaced |= {column: "cast(null as varchar)" for column in group.columns}
        for number, group in enumerate(self.groups):
            if table.name not in group.tables:
                continue
            name = f"_rare_{number}"
            same = " and ".join(
                f"_t.{quoted(column)} is not distinct from {name}.{quoted('o_' + column)}"
                for column in group.columns
            )
            # Rows that name nobody have no combination of their own: unknown ones show nothing.
            joins.append(f"left join {name} on {same}")
            replaced |= {column: f"{name}.{quoted('c_' + column)}" for column in group.columns}
        return f"{self.relations[table.name]} as _t {' '.join(joins)}", replaced

    def _count_people(self, table: str) -> int:
        query = f"select count(distinct {quoted(self._person(table))}) from {self.relations[table]}"
        return int(self.con.execute(query).fetchall()[0][0])

    def _without_short(self, group: Group) -> Group:
        tables = tuple(table for table in group.tables if not self.short[table])
        sensitive = tuple((table, name) for table, name in group.sensitive if table in tables)
        return replace(group, tables=tables, sensitive=sensitive)

    def _solve(self, name: str, group: Group) -> None:
        """Table `name`: o_… (as it is), c_… (as it may be shown) of each combination."""
        if not group.tables:
            return
        original = ", ".join(f"{quoted(c)} as {quoted('o_' + c)}" for c in group.columns)
        rows = " union ".join(
            f"select {original}, {quoted(self._person(table))} as _who,"
            f" {literal(table)} as _table from {self.relations[table]}"
            for table in group.tables
        )
        self.con.execute(f"create or replace temp table _tuples as select distinct * from ({rows})")
        kept = ", ".join(quoted("o_" + c) for c in group.columns)
        shown = ", ".join(f"{quoted('o_' + c)} as {quoted('c_' + c)}" for c in group.columns)
        self.con.execute(
            f"create or replace temp table {name} as select distinct {kept}, {shown} from _tuples"
        )
        for column in self._most_varied_first(group):
            small = self._small(name, group)
            if not small:
                return
            self._hide(name, group, small, [column])
        # What is left may be one small class without any value: the next smallest joins it.
        while self._small(name, group) and self._classes(name, group) > 1:
            self._hide(name, group, self._smallest(name, group), list(group.columns))

    def _person(self, table: str) -> str:
        declared = self.catalogue.table(table)
        column = person_column(declared) if declared else None
        if column is None:
            raise KeyError(f"{table} names no person")
        return column.name

    def _most_varied_first(self, group: Group) -> list[str]:
        counts = ", ".join(f"count(distinct {quoted('o_' + c)})" for c in group.columns)
        row = self.con.execute(f"select {counts} from _tuples").fetchall()[0]
        return [column for _, column in sorted(zip(row, group.columns, strict=True), reverse=True)]

    def _classes(self, name: str, group: Group) -> int:
        shown = ", ".join(quoted("c_" + c) for c in group.columns)
        query = f"select count(*) from (select distinct {shown} from {name})"
        return int(self.con.execute(query).fetchall()[0][0])

    def _people(self, name: str, group: Group) -> str:
        """Query: shown combination -> fewest people in any table that has it, and whether all of
        them share a sensitive value. Rows that name nobody are 0 people.
        """
        columns = [quoted("c_" + c) for c in group.columns]
        same = " and ".join(
            f"r.{quoted('o_' + c)} is not distinct from t.{quoted('o_' + c)}" for c in group.columns
        )
        joined, alike = "", []
        for number, table in enumerate(dict.fromkeys(table for table, _ in group.sensitive)):
            person, relation = quoted(self._person(table)), self.relations[table]
            names = [name for source, name in group.sensitive if source == table]
            joined += (
                f" left join (select {person} as _p, {', '.join(map(quoted, names))}"
                f" from {relation}) s{number}"
                f" on s{number}._p = t._who and t._table = {literal(table)}"
            )
            # What everybody has tells groups nothing; hiding their columns would not hide it.
            alike += [
                shares_value(f"s{number}.{quoted(name)}")
                for name in names
                if not everybody_shares(self.con, relation, name, self.minimum)
            ]
        shown = ", ".join(columns)
        by_table = ", ".join(f"r.{column}" for column in columns)
        return (
            f"select {shown}, coalesce(min(people) filter (people > 0), 0) as people,"
            f" coalesce(bool_or(alike), false) as alike from (select {by_table},"
            f" count(distinct t._who) as people, {' or '.join(alike) or 'false'} as alike"
            f" from {name} r join _tuples t on {same}{joined} group by {by_table}, t._table)"
            f" group by {shown}"
        )

    def _small(self, name: str, group: Group) -> str:
        """Condition that holds for rows of `name` in small classes; empty when there are none."""
        self.con.execute(f"create or replace temp table _people as {self._people(name, group)}")
        told = " or ".join(f"p.{quoted('c_' + c)} is not null" for c in group.columns)
        small = f"((p.people > 0 or {told}) and (p.people < {self.minimum} or p.alike))"
        found = self.con.execute(f"select count(*) from _people p where {small}").fetchall()[0][0]
        return small if found else ""

    def _smallest(self, name: str, group: Group) -> str:
        shown = " or ".join(f"{quoted('c_' + c)} is not null" for c in group.columns)
        low = self.con.execute(f"select min(people) from _people where {shown}").fetchall()[0][0]
        named = " or ".join(f"p.{quoted('c_' + c)} is not null" for c in group.columns)
        return f"p.people = {low or 0} and ({named})"

    def _hide(self, name: str, group: Group, condition: str, columns: Sequence[str]) -> None:
        same = " and ".join(
            f"{name}.{quoted('c_' + c)} is not distinct from p.{quoted('c_' + c)}"
            for c in group.columns
        )
        nulls = ", ".join(f"{quoted('c_' + c)} = null" for c in columns)
        self.con.execute(f"update {name} set {nulls} from _people p where {same} and ({condition})")


def shares_value(column: str) -> str:
    """Aggregate condition: all rows have one value, and it says something.

    That nobody in a group failed, or that nobody has a segment yet, is no secret of its members:
    NULL and false are the absence of something.
    """
    present = f"({column} is not null and {column}::varchar <> 'false')"
    return f"(count(distinct {column}) = 1 and bool_and({present}))"


def everybody_shares(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, minimum: int
) -> bool:
    """Whether every row has the same value, none being without, and there are enough rows.

    In a shop that takes one wallet everybody prefers it. A group then tells what the whole file
    tells: the distance between their distributions (t-closeness) is zero, and so is what anybody
    learns by finding somebody's group. One customer with another value, or without one, and it is
    a secret again.

    Args:
        con: connection.
        relation: table with a row per person as SQL, already quoted.
        column: the sensitive column.
        minimum: with fewer people, everybody is a small group too.
    """
    name = quoted(column)
    query = (
        f"select count(distinct {name}) = 1 and count({name}) = count(*) and count(*) >= {minimum}"
        f" from {relation}"
    )
    return bool(con.execute(query).fetchall()[0][0])
