"""Single rules: checksums, chance on key columns and amounts, counting people, masking."""

from __future__ import annotations

import random

import duckdb
import pytest
from privacy_files import column

from pipelines.privacy import canary, detectors, pool, validators
from pipelines.privacy.chance import binomial_tail, poisson_binomial_tail
from pipelines.privacy.detectors import mask, redact, scan_column, scan_texts
from pipelines.privacy.disclosure import Anonymity, k_anonymity
from pipelines.privacy.text import quoted

LEAKS = canary._TEXT_LEAKS


def kinds(text: str) -> set[str]:
    with duckdb.connect() as con:
        return {hit.pattern.kind for _, hit in scan_texts(con, [("here", text)])}


def accepted(test: str, candidates: list[str]) -> list[str]:
    with duckdb.connect() as con:
        con.execute("create table t as select unnest($1::varchar[]) c", [candidates])
        return [c for (c,) in con.execute(f"select c from t where {test}").fetchall()]


def test_luhn_agrees_with_stdnum():
    from stdnum import luhn

    generator = random.Random(1)
    numbers = [str(generator.randrange(10**13, 10**19)) for _ in range(3000)]
    assert sorted(accepted(validators.luhn_sql(), numbers)) == sorted(
        n for n in numbers if luhn.is_valid(n)
    )


def test_citizen_id_check_is_gb_11643():
    # The standard's own example, the same born on 30 February, in no province, wrong check.
    numbers = ["11010519491231002X", "110105194902300020", "99010519491231002X"]
    numbers += ["110105194912310021", "641816197511281542", "11010519491231002x"]
    assert accepted(validators.citizen_id_sql(), numbers) == [
        "11010519491231002X",
        "641816197511281542",
        "11010519491231002x",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31 10:20:30.123456",
        "version 10.15.7 of 8.0.33.1201",
        "5f0c9a34-8d1e-4b7a-9c55-0a7be1f2d3c4",
        "4200002076202401018765432109",
        "a3f5" * 16,
        "orders-succeeded-at-first-try",
        "1706659200123",
        "20240131102030",
        "rate 0.4111111111111111",
        "share of attempts that succeeded (95 % interval), p50/p95/p99",
        "首次支付成功率，按订单数计算，不含测试流量。",
        "2088102146225135 0156 0000".replace(" ", ""),
        "10:20 12:30 aa:bb:cc",
        "1::2 a@b @media",
    ],
)
def test_harmless_texts(text):
    assert kinds(text) == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1234567890123456 4111111111111111", "card_number"),
        ("4111_1111_1111_1111", "card_number"),
        ("13800138000.0", "mobile_number"),
        ("008613800138000", "mobile_number"),
        ("13812345678,13812345679", "mobile_number"),
        ("张三@例子 zhang@例.com li@mail.example.cn", "email"),
        ("٠13800138000".replace("٠", ""), "mobile_number"),
        ("１３８０　０１３８　０００".replace("　", ""), "mobile_number"),
    ],
)
def test_identifiers_in_odd_spelling(text, kind):
    assert kind in kinds(text)


def test_a_validator_that_breaks_counts_as_a_hit():
    def broken(_):
        raise KeyError("641816")

    assert detectors._passes(broken, "641816")


def scan_keys(query: str, role: str, data_type: str, policy) -> tuple[int, str]:
    from pipelines.privacy.chance import excuse

    with duckdb.connect() as con:
        con.execute(f"create table t as {query}")
        hits = scan_column(con, "t", "x", data_type)
        hit = next(hit for hit in hits if hit.pattern.kind in ("card_number", "mobile_number"))
        declared = column("x", data_type, "none", role)
        return hit.distinct, excuse(con, "t", declared, data_type, hit, policy)


RANDOM_IDS = """
    select (1000000000000000::ubigint + hash(i) % 9000000000000000::ubigint)::bigint as x
    from range(20000) t(i)
"""


def test_random_keys_are_let_through_and_cards_are_not(policy):
    hits, reason = scan_keys(RANDOM_IDS, "key", "BIGINT", policy)
    assert 300 < hits < 700
    assert "chance alone gives 2.50%" in reason
    hits, reason = scan_keys(RANDOM_IDS, "dimension", "BIGINT", policy)
    assert reason == ""


def test_a_key_column_of_cards_is_not_chance(policy):
    with duckdb.connect() as con:
        con.execute(
            "create table c as select (4000000000000000 + i)::varchar as c from range(5000) t(i)"
        )
        cards = [
            c for (c,) in con.execute(f"select c from c where {validators.card_sql()}").fetchall()
        ]
    assert len(cards) == 500
    listed = ", ".join(cards)
    hits, reason = scan_keys(f"select unnest([{listed}])::bigint as x", "key", "BIGINT", policy)
    assert (hits, reason) == (500, "")


def test_large_amounts_are_not_phones(policy):
    # Totals in Vietnamese dong: 13.8 billion among others of that size.
    totals = "select unnest([13800138000, 9000000000, 21000000000, 500000])::decimal(18,4) as x"
    hits, reason = scan_keys(totals, "measure", "DECIMAL(18,4)", policy)
    assert hits == 1
    assert "amounts" in reason
    phones = "select (13800138000 + i)::decimal(18,4) as x from range(50) t(i)"
    assert scan_keys(phones, "measure", "DECIMAL(18,4)", policy) == (50, "")


def test_system_versions_are_no_addresses(audited, policy):
    report = audited(extra=((column("os", "VARCHAR"), "'HarmonyOS 4.2.0.110'"),))
    assert report.verdict == "pass"
    assert [finding.place for finding in report.allowed] == ["fct_payments.os"]


def test_binomial_tail():
    assert binomial_tail(0, 10, 0.5) == 1.0
    assert binomial_tail(10, 10, 0.5) == pytest.approx(2**-10)
    assert binomial_tail(1, 1, 0.025) == pytest.approx(0.025)
    assert binomial_tail(60, 2000, 0.025) > 0.05
    assert binomial_tail(200, 2000, 0.025) < 1e-30


def test_poisson_binomial_tail():
    assert poisson_binomial_tail(0, [0.2, 0.3]) == pytest.approx(1.0)
    assert poisson_binomial_tail(1, [0.2, 0.3]) == pytest.approx(1 - 0.8 * 0.7)
    assert poisson_binomial_tail(2, [0.2, 0.3, 0.0]) == pytest.approx(0.06)
    # Equal chances are the binomial case.
    assert poisson_binomial_tail(28, [0.45] * 53) == pytest.approx(binomial_tail(28, 53, 0.45))


def test_k_counts_people_and_nulls():
    with duckdb.connect() as con:
        con.execute(
            "create table t as from (values ('a', 'u1'), ('a', 'u1'), ('a', 'u2'), (null, 'u3'),"
            " ('b', 'u4'), ('b', 'u5'), ('b', null)) v(city, person)"
        )
        assert k_anonymity(con, "t", ["city"], "person", 2) == Anonymity(1, 3, 1)
        assert k_anonymity(con, "t", [], "person", 5) == Anonymity(5, 1, 0)
        con.execute("delete from t")
        assert k_anonymity(con, "t", ["city"], "person", 2) == Anonymity(None, 0, 0)
        assert k_anonymity(con, "t", [], "person", 2) == Anonymity(None, 0, 0)


def test_masks():
    assert mask("13800138000") == "13…00 (11 characters)"
    assert mask("abc") == "****"
    assert redact("value '13800138000' of li@example.com") == "value '****' of ****"
    assert quoted('a"b') == '"a""b"'


@pytest.mark.parametrize("most_rows", [0, 100, 50_000])
def test_a_look_at_all_columns_together_suspects_what_each_alone_would(monkeypatch, most_rows):
    monkeypatch.setattr(pool, "MOST_ROWS", most_rows)
    columns = {**canary._TYPED_LEAKS, **canary._LOOK_ALIKES}
    columns |= {f"text_{kind}": ("VARCHAR", f"'{text}'") for kind, text in LEAKS.items()}
    columns["key"] = ("UUID", "uuid()")
    with duckdb.connect() as con:
        # Two relations of a leak or a look-alike per column, in the middle of others; one is large.
        for name, rows in (("small", 40), ("large", 200)):
            values = ", ".join(
                f"case when i = 7 then ({value})::{data_type} end as {quoted(column_name)}"
                for column_name, (data_type, value) in columns.items()
            )
            con.execute(f"create table {name} as select {values} from range({rows}) t(i)")
        places = [
            pool.Place(relation, column_name, data_type)
            for relation in ("small", "large")
            for column_name, (data_type, _) in columns.items()
        ]
        suspected = pool.worth_scanning(con, places)
        alone = {place for place in places if scan_column(con, *place)}
    assert len(alone) == 2 * (len(canary._TYPED_LEAKS) + len(LEAKS))
    unpooled = {place for place in places if most_rows < 200 and place.relation == "large"}
    unpooled |= {place for place in places if most_rows < 40 and place.relation == "small"}
    assert suspected == alone | unpooled
