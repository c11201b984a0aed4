"""Disclosure rules through the whole audit: groups, sums, hidden cells, releases, rare values.

Numbers in the names are the rows of the red-team list that the room is built against.
"""

from __future__ import annotations

import dataclasses
from datetime import date

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from privacy_files import USER_KEY, audit_file, column, write_file

from pipelines.privacy.catalogue import Catalogue, Contribution, Table, read_catalogue
from pipelines.privacy.differencing import changed_people
from pipelines.privacy.dominance import amounts_of, dominance, undeclared
from pipelines.privacy.extremes import extremes
from pipelines.privacy.house import Earlier
from pipelines.privacy.measures import class_sizes
from pipelines.privacy.policy import Policy
from pipelines.privacy.recovery import bounds, recoverable
from pipelines.privacy.suppression import Suppression
from pipelines.risk.coverage import SLICES
from pipelines.warehouse.dbt_project import manifest_path


def failed(report) -> set[str]:
    return {check.id for check in report.checks if check.status == "fail"}


USERS = Table(
    "analyst",
    "dim_users",
    (
        USER_KEY,
        column("region", "VARCHAR", "quasi_identifier", subject="user"),
        column("language", "VARCHAR", "quasi_identifier", subject="user"),
        column("failure_cause", "VARCHAR", "sensitive", subject="user"),
    ),
)
USERS_SQL = """
    select md5('u' || i)::uuid as user_key, ['CN-GD', 'CN-SH', null][1 + i % 3] as region,
        ['zh-CN', 'en'][1 + (i // 3) % 2] as language,
        case when i % 5 = 0 then ['risk_declined', 'timeout'][1 + (i // 30) % 2] end
            as failure_cause
    from range(600) t(i)
"""


def audited_users(tmp_path, *then: str, **more):
    path = write_file(tmp_path / "wallet-x.duckdb", {"dim_users": USERS_SQL}, *then)
    return audit_file(path, Catalogue((USERS,)), "analyst", Policy(must_have_rows={}), **more)


def test_people_in_large_groups_pass(tmp_path):
    report = audited_users(tmp_path)
    assert report.problems == ()
    measured = next(check.measured for check in report.checks if check.id == "SDC-1")
    assert measured["dim_users: language, region"]["k"] == 100


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("update dim_users set region = 'CN-XZ' where user_key = md5('u7')::uuid", "SDC-1"),
        # The only person without a language, in a region of many.
        ("update dim_users set language = null where user_key = md5('u7')::uuid", "SDC-1"),
        (
            "update dim_users set failure_cause = 'risk_declined'"
            " where region = 'CN-SH' and language = 'en'",
            "SDC-2",
        ),
    ],
    ids=["one person", "31 unique null", "32 all share one failure cause"],
)
def test_groups_that_name_somebody(tmp_path, change, check):
    assert failed(audited_users(tmp_path, change)) == {check}


ONE_CAUSE = "update dim_users set failure_cause = 'risk_declined'"


@pytest.mark.parametrize(
    ("then", "checks"),
    [
        # The preferred wallet of a shop with one wallet: groups tell what the whole file tells.
        ((ONE_CAUSE,), set()),
        # One customer who has none: that all others of a group have it is theirs.
        ((f"{ONE_CAUSE} where user_key <> md5('u7')::uuid",), {"SDC-2"}),
        # One customer with another.
        ((ONE_CAUSE, "update dim_users set failure_cause = 'timeout'"
          " where user_key = md5('u7')::uuid"), {"SDC-2"}),
        # Half of the customers, the other half without it.
        ((f"{ONE_CAUSE} where language = 'en'",
          "update dim_users set failure_cause = null where language <> 'en'"), {"SDC-2"}),
        # Everybody of a file of four is a small group as well.
        ((ONE_CAUSE, "update dim_users set region = null, language = null",
          "delete from dim_users where user_key not in"
          " (select md5('u' || i)::uuid from range(4) t(i))"), {"SDC-1", "SDC-2"}),
    ],
    ids=["everybody", "one without", "one with another", "half", "four people"],
)  # fmt: skip
def test_what_everybody_shares_tells_nothing_of_a_group(tmp_path, then, checks):
    report = audited_users(tmp_path, *then)
    assert failed(report) == checks
    measured = next(check.measured for check in report.checks if check.id == "SDC-2")
    assert ("shared_by_all" in measured["dim_users.failure_cause"]) == (not checks)


def test_32_a_second_table_about_people_tells_what_a_group_shares(tmp_path):
    """Profiles know a person's language beside what the person does: a group of them too."""
    products = column("product_key", "UUID", "pseudonym", "key", subject="order")
    profiles = dataclasses.replace(
        USERS, name="profiles", columns=(USERS.columns[0], products, *USERS.columns[2:])
    )
    query = f"select * exclude (region), uuid() as product_key from ({USERS_SQL})"
    shared = "update profiles set failure_cause = 'timeout' where language = 'en'"

    def audited(*then):
        tables = {"dim_users": USERS_SQL, "profiles": query}
        path = tmp_path / f"wallet-{len(then)}.duckdb"
        catalogue = Catalogue((USERS, profiles))
        path = write_file(path, tables, *then)
        return audit_file(path, catalogue, "analyst", Policy(must_have_rows={}))

    assert "SDC-2" not in failed(audited())
    report = audited(shared)
    assert "SDC-2" in failed(report)
    assert any("profiles.failure_cause" in problem for problem in report.problems)


@pytest.mark.parametrize(
    ("suspect", "checks"),
    [("null", set()), ("'CN-GD'", {"SDC-6"}), ("case when i > 0 then 'CN-GD' end", {"SDC-6"})],
    ids=["nothing told", "one value", "one without"],
)
def test_a_short_table_that_tells_nothing_names_nobody(tmp_path, suspect, checks):
    """Four suspects of 600 customers: their columns are NULL, so nothing tells them apart."""
    suspects = dataclasses.replace(USERS, name="suspects", columns=(USER_KEY, USERS.columns[1]))
    path = write_file(
        tmp_path / "wallet-x.duckdb",
        {
            "dim_users": USERS_SQL,
            "suspects": f"select md5('u' || i)::uuid as user_key, {suspect}::varchar as region"
            " from range(4) t(i)",
        },
    )
    catalogue = Catalogue((USERS, suspects))
    report = audit_file(path, catalogue, "analyst", Policy(must_have_rows={}))
    assert failed(report) == checks


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 40), st.integers(0, 2)),
        max_size=120,
    ),
    st.integers(2, 5),
)
@settings(max_examples=25)
def test_suppression_leaves_no_rare_combination(rows, minimum):
    with duckdb.connect() as con:
        con.execute("create table t (region varchar, language varchar, who integer, s integer)")
        if rows:
            con.executemany("insert into t values (?, ?, ?, ?)", rows)
        con.execute("create table ids as select who, uuid() as uuid from (from t) group by who")
        con.execute(
            "create table dim_users as select region, language, uuid as user_key, null as"
            " failure_cause from t join ids using (who)"
        )
        made = Suppression(con, {"dim_users": "dim_users"}, Catalogue((USERS,)), minimum)
        source, shown = made.source(USERS)
        columns = ", ".join(f"{value} as {name}" for name, value in shown.items())
        con.execute(f"create table shown as select {columns}, user_key from {source}")
        assert con.execute("select count(*) from shown").fetchall() == [(len(rows),)]
        k = class_sizes(con, "shown", ["region", "language"], "user_key")[0]
        people = len({row[2] for row in rows})
        assert k >= min(minimum, people)
        if people < minimum:
            assert con.execute("select count(region), count(language) from shown").fetchall() == [
                (0, 0)
            ]
        # Nothing is made up: what is shown is what was there.
        wrong = con.execute(
            "select count(*) from (select region, language, user_key from shown except"
            " select region, language, user_key from dim_users)"
            " where region is not null and language is not null"
        ).fetchall()
        assert wrong == [(0,)]


CELLS = Table(
    "marketing",
    "breakdown",
    (
        column("dimension", "VARCHAR"),
        column("dimension_value", "VARCHAR"),
        column("users", "BIGINT", "aggregate", "measure"),
        column("failed", "BIGINT", "aggregate", "measure"),
    ),
)
CELLS_SQL = """
    select 'all' as dimension, 'all' as dimension_value, 400 as users, 900 as failed
    union all select 'os', unnest(['android', 'ios', 'harmonyos', 'other']),
        unnest([200, 150, 30, 20]), unnest([450, 390, 37, 23])
    union all select 'channel', unnest(['app', 'web']), unnest([250, 150]), unnest([500, 400])
"""


def test_34_hidden_cell_follows_from_its_total(tmp_path):
    def audited(name, condition):
        path = write_file(
            tmp_path / f"marketing-{name}.duckdb",
            {"breakdown": f"select * from ({CELLS_SQL}) where {condition}"},
            "alter table breakdown alter users type bigint",
            "alter table breakdown alter failed type bigint",
        )
        catalogue = Catalogue((CELLS,))
        # The analysts' file knows the hidden cells; three people are behind this one.
        whole = write_file(
            tmp_path / f"wallet-{name}.duckdb",
            {
                "breakdown": "select * replace (case when users = 20 then 3 else users end as"
                f" users) from ({CELLS_SQL})"
            },
        )
        policy = Policy(must_have_rows={})
        return audit_file(path, catalogue, "marketing", policy, analysts=whole)

    assert failed(audited("a", "true")) == set()
    assert failed(audited("b", "dimension_value <> 'other'")) == {"SDC-4"}
    # With a second one hidden the two share what is missing.
    assert failed(audited("c", "dimension_value not in ('other', 'harmonyos')")) == set()


def test_34_a_flag_of_rows_does_not_separate_parts_from_their_total(tmp_path):
    """Values of few attempts are small samples, their total is none: still it is their total.

    The one value that is no small sample is not all of the total either.
    """
    flag = column("is_small_sample", "BOOLEAN")
    table = dataclasses.replace(CELLS, columns=(*CELLS.columns, flag))
    rows = """
        select *, users as failed, users < 30 as is_small_sample from (values
            ('all', 'all', 80::bigint), ('region', 'north', 34), ('region', 'south', 25),
            ('region', 'east', 12), ('region', 'west', 9)
        ) v(dimension, dimension_value, users)
    """

    def found(hidden):
        with duckdb.connect() as con:
            con.execute(f"create table whole as {rows}")
            con.execute(f"create table shown as {rows} where not ({hidden})")
            return recoverable(con, "shown", table, Policy(), "whole")[0]

    assert found("dimension_value = 'west'") != []
    assert found("dimension = 'region'") == []


def test_slices_that_overlap_are_no_parts_of_a_whole(tmp_path):
    """Large payments and those of new devices are some of all, and some of each other."""
    columns = (column("slice", "VARCHAR"), *CELLS.columns[:2], *CELLS.columns[3:])
    table = dataclasses.replace(CELLS, columns=(*columns, CELLS.columns[2]))
    rows = """
        select *, failed as users from (values
            ('all', 'all', 'all', 400), ('all', 'wallet', 'alipay', 200),
            ('all', 'wallet', 'wechat_pay', 150), ('all', 'wallet', 'google_pay', 50),
            ('large', 'all', 'all', 150), ('large', 'wallet', 'alipay', 60),
            ('large', 'wallet', 'wechat_pay', 83), ('large', 'wallet', 'google_pay', 7),
            ('new', 'all', 'all', 240), ('new', 'wallet', 'alipay', 180),
            ('new', 'wallet', 'wechat_pay', 60)
        ) v(slice, dimension, dimension_value, failed)
    """

    def found(hidden):
        shown = f"select * from ({rows}) where not ({hidden})"
        with duckdb.connect() as con:
            for name, query in (("shown", shown), ("whole", rows)):
                con.execute(f"create table {name} as {query}")
                con.execute(f"alter table {name} alter users type bigint")
                con.execute(f"alter table {name} alter failed type bigint")
            return recoverable(con, "shown", table, Policy(), "whole")[0]

    # All of `new` by wallet is hidden: what is shown of the slices never exceeds all.
    by_wallet = "slice = 'new' and dimension = 'wallet'"
    assert found(f"{by_wallet} or (slice = 'large' and failed in (7, 83))") == []
    # A wallet follows from the other wallets of its slice all the same.
    assert found(f"{by_wallet} or (slice = 'large' and failed = 7)") != []


def test_intervals_of_a_table_with_hidden_cells_are_the_published_ones():
    """Rows 23 = a + b, 40 = c + d; columns 20 = a + c, 43 = b + d: a lies in [0, 20]."""
    line, place = [0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 2, 3, 0, 2, 1, 3]
    low, high = bounds(
        np.array(line),
        np.array(place),
        np.ones(8),
        np.array([23.0, 40.0, 20.0, 43.0]),
        np.ones(4, dtype=bool),
        Policy(recovery_width=10.0),
    )
    assert (low[0], high[0]) == (0.0, 20.0)
    assert (low[3], high[3]) == (20.0, 40.0)
    with pytest.raises(RuntimeError, match="contradict"):
        bounds(
            np.array([0]), np.array([0]), np.ones(1), np.array([-5.0]), np.ones(1, bool), Policy()
        )


def test_slices_of_payments_overlap_and_are_no_sum():
    """Of few large payments on new devices nothing follows: payments are not the sum of slices."""
    table = Table(
        "marketing",
        "step_up_breakdown",
        (
            column("slice", "VARCHAR"), column("dimension", "VARCHAR"),
            column("dimension_value", "VARCHAR"), column("users", "BIGINT", "aggregate", "measure"),
        ),
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute(
            "create table whole (slice text, dimension text, dimension_value text, users int)"
        )
        con.executemany(
            "insert into whole values (?, ?, ?, ?)",
            [
                (slice_, dimension, value, users)
                for slice_, everybody in zip(SLICES, (1256, 63, 228, 4), strict=True)
                for dimension, value, users in (
                    ("all", "all", everybody),
                    ("wallet", "alipay", everybody // 2),
                    ("wallet", "wechat_pay", everybody - everybody // 2),
                )
            ],
        )
        con.execute("create table shown as select * from whole where users >= 10")
        findings, measured = recoverable(con, "shown", table, Policy(), whole="whole")
    assert findings == []
    assert measured["hidden_cells"] == 3


def test_dominance_rules():
    def of(*amounts):
        values = ", ".join(f"('c', 'u{n}', {x})" for n, x in enumerate(amounts))
        with duckdb.connect() as con:
            sums = f"select * from (values {values}) v(cell, person, amount)"
            found = dominance(con, sums, Policy())
            return found.p_percent, found.n_k

    assert of(50, 40, 20, 20) == (0, 0)
    assert of(95, 1, 2, 2) == (1, 1)  # one buyer is 95 % of the cell
    assert of(100, 60, 11) == (0, 1)  # 171 - 160 = 11 is 11 % of 100, but two make 93 %
    assert of(-95, 1, 2, 2) == (1, 1)
    assert of(0, 0) == (0, 0)


PAYMENTS = Table(
    "analyst",
    "fct_payments",
    (
        USER_KEY,
        column("order_key", "UUID", "pseudonym", "key", subject="order"),
        column("wallet", "VARCHAR"),
        column("amount", "DECIMAL(18,4)", "sensitive", "measure"),
    ),
)
PAYMENTS_SQL = """
    select md5('u' || i % 60)::uuid as user_key, md5('o' || i)::uuid as order_key,
        ['alipay', 'wechat_pay'][1 + i % 2] as wallet, (10 + i % 90 + 0.37)::decimal(18,4) as amount
    from range(600) t(i)
"""
SUMS = Table(
    "marketing",
    "wallet_sums",
    (
        column("wallet", "VARCHAR"),
        column("users", "BIGINT", "aggregate", "measure"),
        column("paid_amount", "DECIMAL(18,4)", "aggregate", "measure"),
    ),
    contributions=(Contribution("paid_amount", "fct_payments", "amount", (("wallet", "wallet"),)),),
)


def audited_sums(
    tmp_path,
    payments=PAYMENTS_SQL,
    figure="sum(amount)",
    name="paid_amount",
    contributions=None,
    **more,
):
    analysts = write_file(tmp_path / "wallet-s.duckdb", {"fct_payments": payments})
    query = (
        f"select wallet, count(distinct user_key) as users, ({figure})::decimal(18,4) as {name}"
        f" from ({payments}) group by wallet"
    )
    path = write_file(tmp_path / "marketing-s.duckdb", {"wallet_sums": query})
    renamed = tuple(
        dataclasses.replace(c, name=name) if c.name == "paid_amount" else c for c in SUMS.columns
    )
    declared = contributions or SUMS.contributions
    parts = tuple(dataclasses.replace(part, amount=name) for part in declared)
    table = dataclasses.replace(SUMS, columns=renamed, contributions=parts)
    policy = Policy(must_have_rows={})
    return audit_file(
        path, Catalogue((table, PAYMENTS)), "marketing", policy, analysts=analysts, **more
    )


def test_sums_of_many_pass(tmp_path):
    assert audited_sums(tmp_path).problems == ()


def test_33_one_buyer_is_most_of_a_sum(tmp_path):
    spoiled = f"select * replace (case when order_key = md5('o7')::uuid then 1e6::decimal(18,4) else amount end as amount) from ({PAYMENTS_SQL})"  # noqa: E501
    report = audited_sums(tmp_path, spoiled)
    assert failed(report) == {"SDC-3"}
    assert "wallet_sums.paid_amount" in report.problems[0]


@pytest.mark.parametrize(
    "lie",
    [{"expression": "0"}, {"where": "false"}, {"by": (("wallet", "'nobody'"),)}],
    ids=["nothing", "of no rows", "of another cell"],
)
def test_contributions_that_do_not_make_up_the_amount_are_refused(tmp_path, lie):
    """One buyer is most of the sum, and a declaration that looks elsewhere would not see it."""
    spoiled = f"select * replace (case when order_key = md5('o7')::uuid then 1e6::decimal(18,4) else amount end as amount) from ({PAYMENTS_SQL})"  # noqa: E501
    part = dataclasses.replace(SUMS.contributions[0], **lie)
    report = audited_sums(tmp_path, spoiled, contributions=(part,))
    assert failed(report) == {"SDC-3"}
    assert "do not make up" in report.problems[0]


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        ("max(amount) + min(amount) - min(amount)", "max_amount"),
        ("max(amount)", "paid_amount"),
        ("median(amount)", "median_amount"),
    ],
    ids=["36 called so", "36 in disguise", "unrounded median"],
)
def test_36_figures_that_are_one_payment(tmp_path, figure, name):
    spoiled = f"select * replace ((amount + row_number() over (order by order_key) / 100)::decimal(18,4) as amount) from ({PAYMENTS_SQL})"  # noqa: E501
    assert "SDC-7" in failed(audited_sums(tmp_path, spoiled, figure, name))


# Payments of all different amounts up to 200.00, and 60 fees below it, of which some are copies.
@pytest.mark.parametrize(
    ("payments", "copies", "refused"),
    [
        (12_000, 0, False),
        (12_000, 60, True),
        (12_000, 50, True),
        (500, 0, False),
        (500, 31, True),
    ],
    ids=["crowded, sums", "crowded, copies", "crowded, most copies", "sparse, sums", "sparse"],
)
@pytest.mark.parametrize("decimals", [2, 0], ids=["cents", "yen"])
def test_36_sums_meet_payments_by_chance_and_copies_do_not(payments, copies, refused, decimals):
    rng = np.random.default_rng(36)
    amounts = rng.choice(np.arange(1, 20_001), payments, replace=False) / 10**decimals
    sums = rng.integers(1, 20_001, 60 - copies) / 10**decimals
    fees = np.concatenate([rng.choice(amounts, copies, replace=False), sums])
    # Among sums too, most are somebody's payment where the shop is crowded.
    assert bool(np.isin(fees, amounts).sum() > 30) is (payments > 500 or copies > 0)
    table = Table("marketing", "plans", (column("fees", "DECIMAL(38,4)", "aggregate", "measure"),))
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as analysts; create table fees (fees decimal(38, 4))")
        con.execute("create table analysts.facts (user_key integer, amount decimal(18, 4))")
        con.execute(
            "insert into analysts.facts select i, x from (select unnest($1::double[]) as x,"
            " unnest(range($2)) as i)",
            [amounts.tolist(), payments],
        )
        con.execute("insert into fees select unnest($1::double[])", [fees.tolist()])
        found = extremes(con, "fees", table, Policy(), "analysts")
    assert bool(found) is refused


MONTHS = Table(
    "marketing",
    "by_month",
    (column("month", "DATE", "none", "time"), *SUMS.columns),
    contributions=SUMS.contributions,
)


def months(payments: str) -> str:
    return f"""
        select date '2024-01-01' as month, wallet, count(distinct user_key) as users,
            sum(amount)::decimal(18,4) as paid_amount from ({payments}) group by wallet
    """


def test_35_releases_that_differ_by_one_person(tmp_path):
    catalogue = Catalogue((MONTHS, PAYMENTS))
    without = f"select * from ({PAYMENTS_SQL}) where user_key <> md5('u7')::uuid"

    def files(name, payments):
        return (
            write_file(tmp_path / f"wallet-{name}.duckdb", {"fct_payments": payments}),
            write_file(tmp_path / f"marketing-{name}.duckdb", {"by_month": months(payments)}),
        )

    then = Earlier("then", *files("then", without))
    analysts, marketing = files("now", PAYMENTS_SQL)

    def audited(earlier):
        return audit_file(
            marketing,
            catalogue,
            "marketing",
            Policy(must_have_rows={}),
            analysts=analysts,
            earlier=(earlier,),
        )

    report = audited(then)
    assert failed(report) == {"SDC-5"}
    measured = next(check.measured for check in report.checks if check.id == "SDC-5")
    assert measured["changed_people"] == {"then": 1}
    assert failed(audited(Earlier("same", *files("same", PAYMENTS_SQL)))) == set()
    # Twenty people more in one cell: nobody's data can be told from the difference.
    few = f"select * from ({PAYMENTS_SQL}) where user_key not in (select md5('u' || i * 2)::uuid from range(15) t(i)) and user_key not in (select md5('u' || (i * 2 + 1))::uuid from range(15) t(i))"  # noqa: E501
    assert failed(audited(Earlier("few", *files("few", few)))) == set()


def test_changed_people_counts_people_not_rows(tmp_path):
    with duckdb.connect() as con:
        for name in ("analysts", "analysts_then"):
            con.execute(f"attach ':memory:' as {name}")
            con.execute(f"create table {name}.fct_payments as {PAYMENTS_SQL}")
        compared = ("analysts", "analysts_then")
        catalogue = Catalogue((PAYMENTS,))
        assert changed_people(con, compared, catalogue) == 0
        con.execute("delete from analysts.fct_payments where user_key = md5('u7')::uuid")
        con.execute("update analysts.fct_payments set amount = 1 where order_key = md5('o3')::uuid")
        assert changed_people(con, compared, catalogue) == 2


def test_40_retention_and_39_erased_people(tmp_path):
    with_date = dataclasses.replace(
        USERS,
        columns=(*USERS.columns, column("first_seen_date", "DATE", "quasi_identifier", "time")),
    )
    query = f"select *, date '2022-05-01' as first_seen_date from ({USERS_SQL})"
    path = write_file(tmp_path / "wallet-x.duckdb", {"dim_users": query})
    policy = Policy(must_have_rows={})

    def audited(**more):
        return audit_file(path, Catalogue((with_date,)), "analyst", policy, **more)

    assert failed(audited(today=date(2024, 4, 29))) == set()
    report = audited(today=date(2024, 6, 1))
    assert failed(report) == {"RET-1"}
    assert "nothing before 2022-06-02 may be published (730 days)" in report.problems[0]
    with duckdb.connect() as con:
        person = str(con.execute("select md5('u7')::uuid").fetchall()[0][0])
    assert failed(audited(today=date(2024, 4, 29), erased=frozenset({person}))) == {"RET-2"}


def test_an_amount_that_few_of_many_made():
    """Twelve people tried, three of them paid: the sum is theirs, whoever is behind the row."""
    with duckdb.connect() as con:
        sums = "select 'c' as cell, i as person, case when i < {} then 5 + i end as amount from range(12) t(i)"  # noqa: E501
        assert dominance(con, sums.format(3), Policy()).few == 1
        assert dominance(con, sums.format(10), Policy()).few == 0
        assert dominance(con, sums.format(0), Policy()).few == 0


def test_an_amount_must_say_who_makes_it():
    """A new amount without its contributors is refused: by its type, or by its name."""

    def findings(name: str, data_type: str, **said) -> list[str]:
        table = Table("marketing", "t", (column(name, data_type, "aggregate", "measure"),), **said)
        return [finding.kind for finding in undeclared(table)]

    for name, data_type in (
        ("anything", "DECIMAL(18,4)"),
        ("paid_amount", "DOUBLE"),
        ("fees_paid", "BIGINT"),
        ("volume", "VARCHAR"),
    ):
        assert findings(name, data_type) == ["amount without its contributors"], name
    for name, data_type in (
        ("fee_rate", "DOUBLE"),
        ("share_of_amount", "DOUBLE"),
        ("users", "BIGINT"),
    ):
        assert findings(name, data_type) == [], name
    assert findings("volume", "DOUBLE", unattributed=(("volume", "a reason in five words"),)) == []
    part = Contribution("volume", "fct_payments", "amount", (("wallet", "wallet"),))
    assert findings("volume", "DOUBLE", contributions=(part,)) == []
    # What is declared of a column that is not there guards nothing.
    assert len(findings("volume", "DOUBLE", unattributed=(("volumes", "no such column"),))) == 2


def test_every_published_amount_says_who_makes_it_or_why_nobody_can_tell():
    catalogue = read_catalogue(manifest_path()).for_audience("marketing")
    amounts = {table.name: amounts_of(table) for table in catalogue.tables if amounts_of(table)}
    assert len(amounts) >= 16
    assert [finding for table in catalogue.tables for finding in undeclared(table)] == []
    reasons = {reason for table in catalogue.tables for _, reason in table.unattributed}
    assert reasons
    declared = {(t.name, part.amount) for t in catalogue.tables for part in t.contributions}
    # These can be told from facts, so a reason would be an excuse.
    assert {
        ("payment_states", "net_amount"),
        ("fee_what_if", "actual_fees"),
        ("wallet_comparison", "fee_amount"),
        ("wallet_performance", "refunded_amount"),
        ("value_tiers", "net_amount"),
    } <= declared
