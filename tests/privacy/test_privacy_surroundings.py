"""What the audit looks at besides the values: origin, purposes, known ids, keys, logs, waivers."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import sqlite3
from datetime import date

import polars as pl
import pytest
from privacy_files import PAYMENTS, PAYMENTS_SQL, audit_file, column, house_for, write_file

from pipelines.ingest.leak_index import LeakIndex, marks_of
from pipelines.ingest.pseudonyms import PseudonymKey
from pipelines.privacy.catalogue import Catalogue, Table
from pipelines.privacy.declared import declared_too_low
from pipelines.privacy.house import House
from pipelines.privacy.lineage import Model, trace
from pipelines.privacy.waivers import Waiver, WaiverError, read_waivers

KEY = PseudonymKey("5d0c7a91e2b84f36a7d1c05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b68")
LAKE = ("lake", "payment_attempts")


def failed(report) -> set[str]:
    return {check.id for check in report.checks if check.status == "fail"}


def lineage(**models: str):
    found = [Model(*name.split("__"), sql) for name, sql in models.items()]
    keys = frozenset({(*LAKE, "user_key"), (*LAKE, "order_key")})
    relations = {LAKE: ["user_key", "order_key", "amount", "region", "attempted_at", "error_code"]}
    return trace(found, relations, keys, {(*LAKE, "amount"): "sensitive"})


FACTS = """
    with typed as (select *, cast(amount as decimal(18, 4)) as paid from lake.payment_attempts),
    joined as (select a.*, b.first_seen from typed a left join
        (select user_key, min(attempted_at) as first_seen from typed group by user_key) b
        on a.user_key = b.user_key)
    select * from joined
"""


def origins(held) -> tuple[set[str], set[str]]:
    return {o[2] for o in held.plain}, {o[2] for o in held.reduced}


@pytest.mark.parametrize(
    ("expression", "plain", "reduced"),
    [
        ("user_key", {"user_key"}, set()),
        ("cast(user_key as varchar)", {"user_key"}, set()),
        ("md5(concat(user_key, order_key))", {"user_key", "order_key"}, set()),
        ("coalesce(region, 'none')", {"region"}, set()),
        ("max(paid)", {"amount"}, set()),
        ("sum(paid)", set(), {"amount"}),
        ("count(distinct user_key)", set(), {"user_key"}),
        ("case when paid > 100 then 'large' else 'small' end", set(), {"amount"}),
        ("case when region is null then user_key end", {"user_key"}, {"region"}),
        ("date_trunc('month', first_seen)", set(), {"attempted_at"}),
        ("max_by(region, attempted_at)", {"region"}, {"attempted_at"}),
        ("row_number() over (partition by user_key order by paid)", set(), {"user_key", "amount"}),
        ("user_key is null", set(), {"user_key"}),
        ("split_part(region || '|' || user_key, '|', 1)", set(), {"region", "user_key"}),
    ],
)
def test_lineage_tells_what_passes_through(expression, plain, reduced):
    found = lineage(
        marts__facts=FACTS, analyst__t=f"select {expression} as x from marts.facts group by all"
    )
    assert found.unread == {}
    assert origins(found.columns["analyst", "t"]["x"]) == (plain, reduced)


def test_lineage_follows_unions_by_place_and_reports_what_it_cannot_read():
    found = lineage(
        analyst__t="select region as x from lake.payment_attempts"
        " union all select user_key from lake.payment_attempts",
        # Later parts name their columns twice alike, or not at all.
        analyst__named="select region as x, amount as y, 1 as z from lake.payment_attempts"
        " union all select user_key, user_key, 2 from lake.payment_attempts"
        " union all select coalesce(order_key, 'a'), abs(amount), abs(amount)"
        " from lake.payment_attempts",
        analyst__broken="select from where",
    )
    assert origins(found.columns["analyst", "t"]["x"]) == ({"region", "user_key"}, set())
    named = {name: origins(held)[0] for name, held in found.columns["analyst", "named"].items()}
    assert named == {
        "x": {"region", "user_key", "order_key"},
        "y": {"amount", "user_key"},
        "z": {"amount"},
    }
    assert set(found.unread) == {("analyst", "broken")}


@pytest.mark.parametrize("sql", ["", "select from where"])
def test_what_reads_a_model_that_cannot_be_followed_cannot_be_followed_either(sql):
    """Without its SQL a model passed for a source of which nothing is known."""
    found = lineage(
        marts__facts=sql,
        marts__rates="select user_key as x from (select * from marts.facts) as f",
        analyst__t="select count(*) as n, max(r.x) as x from marts.rates as r",
        analyst__other="select region as x from lake.payment_attempts",
    )
    assert set(found.unread) == {("marts", "facts"), ("marts", "rates"), ("analyst", "t")}
    assert "marts.facts" in found.unread["analyst", "t"]


def table(audience: str, *columns) -> Table:
    return Table(audience, "t", columns)


KEYED = column("user_key", "UUID", "pseudonym", "key", subject="user")


@pytest.mark.parametrize(
    ("sql", "declared", "said"),
    [
        (
            "user_key as reference",
            column("reference", "VARCHAR"),
            "holds lake.payment_attempts.user_key",
        ),
        ("paid as basket", column("basket", "DECIMAL(18,4)"), "which is sensitive"),
        (
            "region as other_key",
            column("other_key", "UUID", "pseudonym", "key", subject="user"),
            "not made from one",
        ),
        ("1 as y", column("x", "INTEGER"), "does not make it"),
    ],
    ids=["28 key declared none", "amount declared none", "no pseudonym", "missing"],
)
def test_declared_below_its_source(sql, declared, said):
    found = lineage(marts__facts=FACTS, analyst__t=f"select user_key, {sql} from marts.facts")
    catalogue = Catalogue((table("analyst", KEYED, declared),))
    (finding,) = declared_too_low(catalogue, "analyst", found)
    assert said in finding.kind


def test_marketing_measure_must_be_a_sum():
    share = column("x", "DECIMAL(18,4)", "aggregate", "measure")
    catalogue = Catalogue((table("marketing", share),))
    one = lineage(marts__facts=FACTS, marketing__t="select paid as x from marts.facts")
    assert "not a sum" in declared_too_low(catalogue, "marketing", one)[0].kind
    many = lineage(marts__facts=FACTS, marketing__t="select sum(paid) as x from marts.facts")
    assert declared_too_low(catalogue, "marketing", many) == []


def test_unknown_origin_fails(tmp_path):
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL})
    report = audit_file(path, Catalogue((PAYMENTS,)), "analyst", lineage=lineage())
    assert failed(report) == {"CAT-4"}
    assert "its compiled SQL is missing; build the models" in report.problems[0]


@pytest.fixture(scope="module")
def clean_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    return write_file(folder / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL})


def audited(path, **more):
    return audit_file(path, Catalogue((PAYMENTS,)), "analyst", **more)


def test_purpose_without_an_entry_needs_a_waiver(tmp_path):
    declared = dataclasses.replace(PAYMENTS.columns[3], purpose="curiosity")
    columns = (*PAYMENTS.columns[:3], declared, *PAYMENTS.columns[4:])
    catalogue = Catalogue((dataclasses.replace(PAYMENTS, columns=columns),))
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL})
    report = audit_file(path, catalogue, "analyst")
    assert failed(report) == {"CAT-5"}
    assert "curiosity: purpose without a register entry" in report.problems[0]

    waiver = Waiver(
        "CAT-5", "curiosity", "Han Meimei", "register is being written", date(2024, 7, 1)
    )
    report = audit_file(path, catalogue, "analyst", waivers=(waiver,))
    assert report.verdict == "pass"
    (check,) = [check for check in report.as_dict()["checks"] if check["id"] == "CAT-5"]
    assert check["status"] == "waived"
    assert check["waived"][0]["owner"] == "Han Meimei"
    assert check["waived"][0]["expires"] == "2024-07-01"

    late = dataclasses.replace(waiver, expires=date(2024, 5, 31))
    assert failed(audit_file(path, catalogue, "analyst", waivers=(late,))) == {"CAT-5"}


def test_44_no_waiver_passes_a_blocking_check(tmp_path):
    path = write_file(
        tmp_path / "wallet-x.duckdb",
        {"fct_payments": PAYMENTS_SQL},
        "update fct_payments set note = '13800138000' where user_key = md5('key7')::uuid",
    )
    waiver = Waiver("PII-3", "fct_payments.note", "somebody", "please", date(2030, 1, 1))
    assert failed(audited(path, waivers=(waiver,))) == {"PII-3", "SYS-3"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[waiver]]\ncheck = 'CAT-5'", "place, owner, reason, expires must be given"),
        ("[[waiver]]\ncheck='CAT-5'\nplace='p'\nowner=''\nreason='r'\nexpires=2030-01-01", "owner"),
        ("[[waiver]]\ncheck='CAT-5'\nplace='p'\nowner='o'\nreason='r'\nexpires='soon'", "expires"),
        ("not toml", "is not TOML"),
    ],
)
def test_waivers_without_owner_reason_or_end(tmp_path, text, said):
    path = tmp_path / "waivers.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WaiverError, match=said):
        read_waivers(path)


RAW = "customer-20481"


@pytest.fixture
def ids(tmp_path) -> LeakIndex:
    from pipelines.formats.payment_attempts import FORMAT
    from pipelines.ingest.leak_index import LeakCollector

    collector = LeakCollector(FORMAT)
    collector.see(pl.DataFrame({"user_id": [RAW, "13800138000", "1024"], "device_id": [None] * 3}))
    path = tmp_path / "leaks.parquet"
    collector.marks(KEY).write_parquet(path)
    assert RAW.encode() not in path.read_bytes()
    return LeakIndex((KEY,), (path,))


@pytest.mark.parametrize(
    "value",
    [
        RAW,
        RAW.upper(),
        RAW[::-1],
        f"ask {RAW} again",
        base64.b64encode(RAW.encode()).decode(),
        hashlib.md5(b"13800138000").hexdigest(),
        hashlib.md5(b"13800138000").hexdigest().upper(),
        hashlib.sha1(b"13800138000").hexdigest(),
        hashlib.sha256(b"1024").hexdigest(),
    ],
    ids=["raw", "upper", "reversed", "in a sentence", "base64", "14 md5", "MD5", "sha1", "sha256"],
)
def test_14_known_ids_in_any_unkeyed_form(tmp_path, ids, value):
    path = write_file(
        tmp_path / "wallet-x.duckdb",
        {"fct_payments": PAYMENTS_SQL},
        f"update fct_payments set note = '{value}' where user_key = md5('key7')::uuid",
    )
    report = audited(path, ids=ids)
    assert "PII-10" in failed(report)
    assert not any(RAW in problem for problem in report.problems)


def test_14_md5_of_phones_called_user_key(tmp_path):
    phones = [str(13800138000 + number) for number in range(2000)]
    marks = tmp_path / "leaks.parquet"
    hashes = [hashlib.md5(phone.encode()).hexdigest() for phone in phones]
    marks_of(KEY, pl.Series(hashes)).write_parquet(marks)
    query = PAYMENTS_SQL.replace("md5('key' || i)::uuid", "md5((13800138000 + i)::varchar)::uuid")
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": query})
    assert failed(audited(path)) == set()  # format and spread are those of any key
    report = audited(path, ids=LeakIndex((KEY,), (marks,)))
    assert failed(report) == {"PII-10"}
    assert report.problems[0].startswith("[PII-10] fct_payments.user_key: raw identifiers")


def test_clean_file_holds_no_known_id(clean_file, ids):
    assert audited(clean_file, ids=ids).problems == ()


def test_index_that_cannot_be_asked_fails(clean_file):
    class Broken:
        fingerprint = ""

        def size(self):
            raise OSError("no such key file")

        known = size

    assert failed(audited(clean_file, ids=Broken())) == {"PII-10"}


@pytest.mark.parametrize(
    "form", [KEY.text, KEY.text.upper(), base64.b64encode(bytes.fromhex(KEY.text)).decode()]
)
def test_key_of_the_house_in_the_file(tmp_path, form):
    path = write_file(
        tmp_path / "wallet-x.duckdb",
        {"fct_payments": PAYMENTS_SQL},
        f"update fct_payments set note = 'k {form}' where user_key = md5('key7')::uuid",
    )
    report = audited(path, secrets=(bytes.fromhex(KEY.text),))
    assert "PSE-2" in failed(report)
    assert KEY.text not in str(report.as_dict())


def test_42_personal_data_in_compiled_sql_and_in_dagster(tmp_path, clean_file):
    sql = tmp_path / "fct.sql"
    sql.write_text("select 1\nwhere phone = '13800138000'\n", encoding="utf-8")
    events = tmp_path / "run.db"
    with sqlite3.connect(events) as con:
        con.execute("create table event_logs (id integer, event text)")
        con.execute("insert into event_logs values (1, ?)", ['{"preview": "li@example.com"}'])
    key = tmp_path / "last_build.log"
    key.write_text(f"opened with {KEY.text}", encoding="utf-8")
    report = audited(clean_file, logs=(sql, events, key), secrets=(bytes.fromhex(KEY.text),))
    assert failed(report) == {"LOG-1"}
    text = "\n".join(report.problems)
    assert "fct.sql line 2: mobile number" in text
    assert "run.db: e-mail address" in text
    assert "last_build.log: a key of this house" in text
    assert failed(audited(clean_file, logs=(tmp_path / "gone.log",))) == {"LOG-1"}


@pytest.mark.parametrize(
    ("event", "leaks"),
    [
        ('{"duration_ms": 35566.17436399938, "step": "lake"}', False),
        ('{"value": 17436399938.0}', True),
        ('{"value": 17436399938}', True),
        ('{"preview": "35566.17436399938"}', True),
        ('{"text": "note: 5.17436399938, paid"}', True),
    ],
    ids=["how long a step took", "as double", "as number", "in text", "in text behind a colon"],
)
def test_42_digits_behind_the_point_of_a_number_are_no_phone(tmp_path, clean_file, event, leaks):
    events = tmp_path / "run.db"
    with sqlite3.connect(events) as con:
        con.execute("create table event_logs (id integer, event text)")
        con.execute("insert into event_logs values (1, ?)", [event])
    assert failed(audited(clean_file, logs=(events,))) == ({"LOG-1"} if leaks else set())


@pytest.mark.parametrize(
    ("expression", "check"),
    [
        ("timestamp '2024-01-01' + to_milliseconds((user_key::varchar < '8')::integer)", "SDC-8"),
        ("'order ' || row_number() over ()", "SDC-8"),
    ],
    ids=["19 milliseconds", "a value of its own in every row"],
)
def test_19_values_that_name_their_row(tmp_path, expression, check):
    data_type = "TIMESTAMP" if "timestamp" in expression else "VARCHAR"
    added = column("extra", data_type, "none", "time" if data_type == "TIMESTAMP" else "dimension")
    declared = dataclasses.replace(PAYMENTS, columns=(*PAYMENTS.columns, added))
    query = f"select *, {expression} as extra from ({PAYMENTS_SQL})"
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": query})
    assert check in failed(audit_file(path, Catalogue((declared,)), "analyst"))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("['王小明', '李雷', '韩梅梅', '张伟'][1 + (i % 4)::integer]", "look like names"),
        ("['*三', 'x'][1 + (i % 2)::integer]", "partly masked"),
        ("'remark number ' || i % 900", "free text about people"),
    ],
    ids=["46 names", "masked name", "prose"],
)
def test_46_names_and_prose(tmp_path, expression, said):
    added = column("remark", "VARCHAR", "none", "text")
    declared = dataclasses.replace(PAYMENTS, columns=(*PAYMENTS.columns, added))
    query = f"select *, {expression} as remark from (select *, seen_seconds - 1706659200 as i from ({PAYMENTS_SQL}))"  # noqa: E501
    path = write_file(
        tmp_path / "wallet-x.duckdb", {"fct_payments": f"select * exclude (i) from ({query})"}
    )
    report = audit_file(path, Catalogue((declared,)), "analyst")
    assert failed(report) == {"PII-9"}
    assert said in report.problems[0]


def test_37_truncated_card_beside_its_hash(tmp_path):
    added = (
        column("card_shown", "VARCHAR"),
        column("card_key", "UUID", "pseudonym", "key", subject="card"),
    )
    declared = dataclasses.replace(PAYMENTS, columns=(*PAYMENTS.columns, *added))
    shown = "'411111******' || lpad((seen_seconds % 40)::varchar, 4, '0')"
    query = f"select *, {shown} as card_shown, md5('c' || user_key)::uuid as card_key from ({PAYMENTS_SQL})"  # noqa: E501
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": query})
    report = audit_file(path, Catalogue((declared,)), "analyst")
    assert failed(report) == {"PCI-2"}
    alone = f"select * replace (md5('c')::uuid as card_key) from ({query})"
    without = dataclasses.replace(declared, columns=declared.columns[:-1])
    path = write_file(
        tmp_path / "y.duckdb", {"fct_payments": f"select * exclude (card_key) from ({alone})"}
    )
    assert audit_file(path, Catalogue((without,)), "analyst").problems == ()


def test_file_that_others_can_change(tmp_path):
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL})
    path.chmod(0o644)
    assert failed(audited(path)) == {"FILE-4"}
    path.chmod(0o444)
    tmp_path.chmod(0o777)
    assert failed(audited(path)) == {"FILE-4"}


def test_house_never_shows_its_keys():
    house = house_for(Catalogue((PAYMENTS,)), secrets=(b"0123456789abcdef" * 2,))
    assert isinstance(house, House)
    assert "0123456789abcdef" not in repr(house)
