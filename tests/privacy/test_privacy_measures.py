"""Measures against two independent sources: ARX's regression values on Adult, and pyCANON.

The Adult file (30,162 rows, `;`) and its hierarchies are ARX's; they are not in this repository.
`WALLET_TEST_ADULT` names their folder, by default `../shared/data/adult`. pyCANON is only asked
about what it gets right: rows in order, no nulls, no entropy l and no recursive (c, l).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from pipelines.privacy.measures import (
    class_sizes,
    distinction,
    diversity,
    journalist_risk,
    presence,
    recursive_l,
    risks,
    separation,
)
from pipelines.privacy.text import literal, quoted

ROOT = Path(__file__).parents[2]
ADULT = Path(os.environ.get("WALLET_TEST_ADULT", ROOT.parent / "shared" / "data" / "adult"))
QI = ("sex", "age", "race", "marital-status", "education", "native-country", "workclass")
QI += ("occupation", "salary-class")
QI_8 = tuple(name for name in QI if name != "occupation")


@pytest.fixture(scope="module")
def adult():
    if not (ADULT / "adult.csv").is_file():
        pytest.skip(f"no Adult data in {ADULT}; WALLET_TEST_ADULT names its folder")
    options = "delim=';', all_varchar=true"
    with duckdb.connect() as con:
        for name in ("adult", "adult_subset"):
            con.execute(
                f"create table {name} as from read_csv({literal(str(ADULT / name) + '.csv')},"
                f" header=true, {options})"
            )
        for name in QI:
            path = literal(f"{ADULT}/adult_hierarchy_{name}.csv")
            con.execute(
                f"create table {quoted('h_' + name)} as"
                f" from read_csv({path}, header=false, {options})"
            )
        yield con


def generalised(con, levels, columns=QI, source="adult", table="g") -> None:
    """Table with each column at its level of the hierarchy; others as they are."""
    values, joins = [], []
    for name, level in zip(columns, levels, strict=True):
        steps = [row[0] for row in con.execute(f"describe {quoted('h_' + name)}").fetchall()]
        h = quoted("j_" + name)
        joins.append(f"join {quoted('h_' + name)} {h} on a.{quoted(name)} = {h}.{quoted(steps[0])}")
        values.append(f"{h}.{quoted(steps[level])} as {quoted(name)}")
    values += [f"a.{quoted(name)}" for name in QI if name not in columns]
    values += [f"a.{quoted(name)} as {quoted('o_' + name)}" for name in QI]
    con.execute(
        f"create or replace table {table} as select {', '.join(values)}"
        f" from {source} a {' '.join(joins)}"
    )


def test_arx_risks_of_the_raw_data(adult):
    found = risks(adult, "adult", QI)
    assert (found.classes, found.uniques) == (19502, 15512)
    assert found.average == 0.6465751607983555
    assert found.unique_share == 0.5142895033485844
    assert found.prosecutor == 1.0


@pytest.mark.parametrize(
    ("levels", "k", "smallest", "loss"),
    [
        ((1, 2, 1, 1, 3, 2, 2, 1, 1), 5, 5, 407289.5388925293),
        ((1, 0, 1, 1, 3, 2, 2, 0, 1), 5, 1, 255559.85455731067),
        ((0, 4, 1, 1, 3, 2, 2, 1, 1), 100, 397, 453196.8932458743),
        ((1, 1, 1, 1, 3, 2, 2, 1, 1), 100, 2, 379417.3460570988),
    ],
)
def test_arx_k_anonymity_and_loss(adult, levels, k, smallest, loss):
    generalised(adult, levels)
    assert class_sizes(adult, "g", QI)[0] == smallest
    group = ", ".join(map(quoted, QI))
    suppressed = adult.execute(
        f"select coalesce(sum(n), 0) from (select count(*) n from g group by {group}) where n < {k}"
    ).fetchall()[0][0]
    assert suppressed <= 0.04 * 30162
    # Non-uniform entropy, before suppression: bits lost by not knowing the original value.
    total = sum(
        adult.execute(
            f"with o as (select {quoted('o_' + name)} as v, count(*) as n from g group by 1),"
            f" s as (select {quoted(name)} as v, count(*) as n from g group by 1)"
            f" select sum(-log2(o.n / s.n)) from g join o on o.v = g.{quoted('o_' + name)}"
            f" join s on s.v = g.{quoted(name)}"
        ).fetchall()[0][0]
        for name in QI
    )
    assert total == pytest.approx(loss, rel=1e-9)


def test_arx_t_closeness_and_discernibility(adult):
    generalised(adult, (1, 4, 1, 1, 3, 2, 2, 1), QI_8)
    found = diversity(adult, "g", QI_8, "occupation")
    assert found.t_equal == pytest.approx(0.131544, abs=1e-6)
    assert found.t_equal <= 0.2
    assert found.k == 14086
    discernibility = adult.execute(
        f"select sum(n * n) from (select count(*) n from g group by {', '.join(map(quoted, QI_8))})"
    ).fetchall()[0][0]
    assert discernibility == 4.56853172e8


def test_arx_entropy_l_diversity(adult):
    generalised(adult, (1, 1, 1, 1, 3, 2, 2, 1), QI_8)
    assert diversity(adult, "g", QI_8, "occupation").l_entropy == pytest.approx(5.6551, abs=1e-4)


@pytest.mark.parametrize(
    ("levels", "lowest", "highest", "average"),
    [
        ((1, 4, 1, 1, 0, 2, 2, 0), None, 0.1875, 52.0),
        ((0, 4, 0, 1, 3, 2, 2, 1), 0.0685, 0.1491, 150.8),
    ],
)
def test_arx_presence(adult, levels, lowest, highest, average):
    generalised(adult, levels, QI_8)
    generalised(adult, levels, QI_8, "adult_subset", "s")
    low, high = presence(adult, "s", "g", QI_8)
    assert high == pytest.approx(highest, abs=1e-4)
    if lowest is not None:
        assert low == pytest.approx(lowest, abs=1e-4)
    found = risks(adult, "s", QI_8)
    assert found.rows / found.classes == average
    # A prosecutor who knows that somebody is in the sample knows more than a journalist.
    assert journalist_risk(adult, "s", "g", QI_8) <= found.prosecutor


@pytest.mark.parametrize(
    ("columns", "distinct", "separate"),
    [(["sex"], 0.4, 0.6), (["state"], 0.6, 0.7), (["age"], 0.6, 0.8), (["sex", "state"], 0.8, 0.9)],
)
def test_arx_distinction_and_separation(columns, distinct, separate):
    with duckdb.connect() as con:
        con.execute(
            "create table t as from (values (20, 'F', 'CA'), (30, 'F', 'CA'), (40, 'F', 'TX'),"
            " (20, 'M', 'NY'), (40, 'M', 'CA')) v(age, sex, state)"
        )
        assert distinction(con, "t", columns) == pytest.approx(distinct)
        assert separation(con, "t", columns) == pytest.approx(separate)


@pytest.mark.parametrize("levels", [(1, 2, 1, 1, 3, 2, 2, 1), (0, 3, 1, 1, 2, 2, 2, 1)])
def test_pycanon_agrees(adult, levels):
    from pycanon import anonymity

    generalised(adult, levels, QI_8)
    frame = adult.execute(f"select {', '.join(map(quoted, QI))} from g").fetchdf()
    frame = frame.reset_index(drop=True)
    keys, sensitive = list(QI_8), ["occupation"]
    found = diversity(adult, "g", QI_8, "occupation")
    assert found.k == anonymity.k_anonymity(frame, keys)
    assert found.l_distinct == anonymity.l_diversity(frame, keys, sensitive)
    near = {"abs": 1e-6}
    assert found.alpha == pytest.approx(
        anonymity.alpha_k_anonymity(frame, keys, sensitive)[0], **near
    )
    assert found.t_equal == pytest.approx(anonymity.t_closeness(frame, keys, sensitive), **near)
    beta = anonymity.basic_beta_likeness(frame, keys, sensitive)
    assert found.basic_beta == pytest.approx(beta, **near)
    enhanced = anonymity.enhanced_beta_likeness(frame, keys, sensitive)
    assert found.enhanced_beta == pytest.approx(enhanced, **near)
    delta = anonymity.delta_disclosure(frame, keys, sensitive)
    assert found.delta_disclosure == pytest.approx(delta, **near)


def test_pycanon_agrees_on_ordered_values():
    from pycanon import anonymity

    with duckdb.connect() as con:
        con.execute(
            "create table t as select i % 7 as a, (i * 13) % 5 as b, hash(i) % 23 as grade"
            " from range(400) t(i)"
        )
        frame = con.execute("select a, b, grade::bigint as grade from t").fetchdf()
        expected = anonymity.t_closeness(frame, ["a", "b"], ["grade"])
        assert diversity(con, "t", ["a", "b"], "grade").t_ordered == pytest.approx(
            expected, abs=1e-9
        )


def classes(con, *groups: list[str | None]) -> None:
    rows = [(number, value) for number, group in enumerate(groups) for value in group]
    con.execute("create or replace table t (g integer, s varchar, who varchar)")
    con.executemany("insert into t values (?, ?, uuid()::varchar)", rows)


@pytest.mark.parametrize(
    ("counts", "c"),
    [((5, 1, 1), 5.0), ((998, 1, 1), 998.0), ((2, 2, 2), 1.0), ((3, 3), float("inf"))],
)
def test_recursive_diversity_sorts_descending(counts, c):
    """Where pyCANON calls 998, 1, 1 (1, 3)-diverse, the definition asks for c above 998."""
    values = [f"v{number}" for number, count in enumerate(counts) for _ in range(count)]
    with duckdb.connect() as con:
        classes(con, values)
        assert recursive_l(con, "t", ["g"], "s", 3) == c


def test_entropy_of_equal_values_is_their_number():
    """Where pyCANON rounds 2 equal values down to 1."""
    with duckdb.connect() as con:
        classes(con, ["a", "b"], ["a", "b"])
        assert diversity(con, "t", ["g"], "s").l_entropy == pytest.approx(2.0)


def test_null_is_a_value_and_people_are_counted_not_rows():
    with duckdb.connect() as con:
        con.execute(
            "create table t as select * from (values (null, 'x', 'u1'), ('a', 'x', 'u2'),"
            " ('a', 'y', 'u2'), ('a', null, 'u3')) v(q, s, who)"
        )
        assert class_sizes(con, "t", ["q"]) == (1, 2, 4, 1)
        assert class_sizes(con, "t", ["q"], "who") == (1, 2, 3, 1)
        assert diversity(con, "t", ["q"], "s", "who").l_distinct == 1
