"""The red-team list of shared/reference/privacy_audit.md, section 8, on real files.

Numbers in the ids are the rows of that list. Rows that need ingest (leak index), history (erasure,
retention, differencing) or later rules are not here.
"""

from __future__ import annotations

import json

import pytest
from privacy_files import PAYMENTS, PAYMENTS_SQL, audit_file, column, with_column, write_file

from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.identifier_checks import PII_TITLES
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import canonical_json

CHINESE = "请核对"
ROW = "user_key = md5('key7')::uuid"

LEAKS = [
    ("01 card in a note", "VARCHAR", f"'{CHINESE}4111111111111111。'", "text", "PII-1"),
    ("02 UnionPay as BIGINT", "BIGINT", "6222021234567890128", "dimension", "PII-1"),
    ("03 card with blanks", "VARCHAR", "'card 5500 0000 0000 0004 ok'", "text", "PII-1"),
    ("03 card with dashes", "VARCHAR", "'4111-1111-1111-1111'", "text", "PII-1"),
    ("03 card of 15 digits", "VARCHAR", "'3782 822463 10005'", "text", "PII-1"),
    ("04 phone as DOUBLE", "DOUBLE", "13800138000", "dimension", "PII-3"),
    ("04 phone among amounts", "DECIMAL(18,4)", "13800138000", "measure", "PII-3"),
    ("05 phone in Chinese", "VARCHAR", "'电话13800138000请回'", "text", "PII-3"),
    ("05 phone after letters", "VARCHAR", "'tel13800138000'", "text", "PII-3"),
    ("05 phone grouped", "VARCHAR", "'+86 138-0013-8000'", "text", "PII-3"),
    ("05 phone half masked", "VARCHAR", "'(*三)138****8000'", "text", "PII-3"),
    ("05 phone of another country", "VARCHAR", "'+44 (0)7911 123456'", "text", "PII-3"),
    ("06 full-width digits", "VARCHAR", "'手机１３８００１３８０００'", "text", "PII-3"),
    ("07 zero-width characters", "VARCHAR", "'138' || chr(8203) || '00138000'", "text", "PII-3"),
    ("08 citizen id", "VARCHAR", "'11010519491231002X'", "dimension", "PII-2"),
    ("09 e-mail in JSON", "JSON", """'{"to": "li.lei@example.com"}'""", "text", "PII-4"),
    ("09 e-mail escaped in JSON", "JSON", r"""'{"to": "li\u0040example.com"}'""", "text", "PII-4"),
    ("10 e-mail in STRUCT", "STRUCT(a VARCHAR)", "{'a': 'li@example.com'}", "text", "PII-4"),
    (
        "11 e-mail in LIST in MAP",
        "MAP(VARCHAR, VARCHAR[])",
        "map {'to': ['li@example.com']}",
        "text",
        "PII-4",
    ),
    ("12 e-mail in BLOB", "BLOB", r"'\x00\xFFli@example.com'::blob", "text", "PII-4"),
    (
        "12 UTF-16 phone in BLOB",
        "BLOB",
        r"'1\x003\x008\x000\x000\x001\x003\x008\x000\x000\x000'",
        "text",
        "PII-3",
    ),  # noqa: E501
    ("13 base64 of a phone", "VARCHAR", "to_base64('13800138000'::blob)", "dimension", "PII-3"),
    ("13 hex of a phone", "VARCHAR", "hex('13800138000')", "dimension", "PII-3"),
    (
        "13 base64 twice",
        "VARCHAR",
        "to_base64(to_base64('li@example.com'::blob)::blob)",
        "text",
        "PII-4",
    ),  # noqa: E501
    ("13 percent-encoded", "VARCHAR", "'to=li%40example.com'", "text", "PII-4"),
    ("15 Alipay user id", "VARCHAR", "'2088102146225135'", "dimension", "PII-7"),
    ("15 Alipay user id as number", "BIGINT", "2088102146225135", "dimension", "PII-7"),
    ("16 WeChat openid", "VARCHAR", "'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'", "dimension", "PII-7"),
    ("16 WeChat unionid", "VARCHAR", "'o6_bmasdasdsad6_2sgVt7hMZOPfL'", "dimension", "PII-7"),
    ("17 IPv4", "VARCHAR", "'从203.0.113.77登录'", "dimension", "PII-6"),
    ("17 IPv6", "VARCHAR", "'10:20:30 2001:db8::8a2e:370:7334'", "dimension", "PII-6"),
    ("18 JWT", "VARCHAR", "'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0'", "text", "PII-8"),
    ("18 API key", "VARCHAR", "'key=AKIAIOSFODNN7EXAMPLE'", "text", "PII-8"),
    ("18 private key", "VARCHAR", "'-----BEGIN PRIVATE KEY-----'", "text", "PII-8"),
    ("IBAN", "VARCHAR", "'DE89370400440532013000'", "text", "PII-5"),
    ("IBAN grouped", "VARCHAR", "'GB29 NWBK 6016 1331 9268 19'", "text", "PII-5"),
    ("phone as ENUM value", "ENUM('13800138000', 'b')", "'13800138000'", "dimension", "PII-3"),
    ("phone as moment", "TIMESTAMP", "make_timestamp(13800138000 * 1000000)", "time", "PII-3"),
]


def spoiled(data_type: str, value: str, role: str) -> str:
    """One leak in row 7 of 2,000; amounts or nulls elsewhere."""
    others = "amount" if role == "measure" else "null"
    return f"cast(case when {ROW} then {value} else {others} end as {data_type})"


@pytest.fixture(scope="module")
def all_leaks(tmp_path_factory):
    """One file with a column for every leak, and its report."""
    table, query = PAYMENTS, PAYMENTS_SQL
    for number, (_, data_type, value, role, _) in enumerate(LEAKS):
        table = with_column(table, column(f"leak_{number}", data_type, "sensitive", role))
        query = f"select *, {spoiled(data_type, value, role)} as leak_{number} from ({query})"
    path = tmp_path_factory.mktemp("leaks") / "wallet-x.duckdb"
    write_file(path, {"fct_payments": query})
    return audit_file(path, Catalogue((table,)), "analyst", Policy())


@pytest.mark.parametrize("number", range(len(LEAKS)), ids=[leak[0] for leak in LEAKS])
def test_one_leak_in_two_thousand_rows_is_found(all_leaks, number):
    # A set: "+86 138…" is a Chinese and an international number.
    found = {
        (check.id, finding.distinct, finding.rows)
        for check in all_leaks.checks
        for finding in check.findings
        if finding.place == f"fct_payments.leak_{number}" and check.id in PII_TITLES
    }
    assert found == {(LEAKS[number][4], 1, 1)}


def test_clean_columns_beside_leaks_stay_clean(all_leaks):
    places = {f.place for check in all_leaks.checks for f in check.findings}
    assert places == {f"fct_payments.leak_{number}" for number in range(len(LEAKS))} | {
        "table fct_payments"  # its definition spells out the labels of the enum column
    }


@pytest.mark.parametrize("number", [0, 6])
def test_one_leak_alone_blocks(audited, number):
    _, data_type, value, role, check = LEAKS[number]
    added = column("extra", data_type, "sensitive", role)
    report = audited(extra=((added, spoiled(data_type, value, role)),))
    assert report.verdict == "fail"
    assert failed_checks(report) == {check}


def test_clean_file_with_the_six_decoys_passes(audited):
    report = audited()

    assert report.problems == ()
    assert report.verdict == "pass"
    assert len(report.checks) == len({check.id for check in report.checks}) == 35


def test_report_never_holds_a_raw_value(audited):
    values = ["13800138000", "4111111111111111", "li.lei@example.com"]
    added = [column(f"x{n}", "VARCHAR", "none", "text") for n in range(3)]
    report = audited(
        'create table "13900139000" as select 1 as a',
        extra=tuple((c, f"'see {v}'") for c, v in zip(added, values, strict=True)),
    )

    written = canonical_json(report.as_dict()).decode()
    assert report.verdict == "fail"
    assert json.loads(written)["verdict"] == "fail"
    assert not [value for value in [*values, "13900139000"] if value in written]
    assert "13…00 (11 characters)" in written


def failed_checks(report) -> set[str]:
    return {check.id for check in report.checks if check.status == "fail"}


def test_20_phone_as_enum_label_without_a_row(audited):
    kind = "ENUM('13800138000', 'b')"
    report = audited(extra=((column("kind", kind), f"'b'::{kind}"),))
    assert failed_checks(report) == {"PII-11"}


@pytest.mark.parametrize(
    ("statement", "checks"),
    [
        ("comment on column fct_payments.note is 'ask li.lei@example.com'", {"PII-11"}),
        ("comment on table fct_payments is '电话13800138000'", {"PII-11"}),
        ("alter table fct_payments alter note set default 'li@example.com'", {"PII-11"}),
        (
            "create view looked_up as select 1 as a where '13800138000' <> 'b'",
            {"PII-11", "FILE-1", "CAT-1"},
        ),
        ("create macro m() as 'li@example.com'", {"PII-11", "FILE-1"}),
        ("create type person as enum ('13800138000')", {"PII-11", "FILE-1"}),
        ("create sequence s start 13800138000", {"PII-11", "FILE-1"}),
        ("create schema other", {"FILE-1"}),
        ("create index i on fct_payments (wallet)", {"FILE-1"}),
    ],
    ids=["21 comment", "table comment", "default", "22 view", "macro", "type", "sequence"]
    + ["schema", "index"],
)
def test_leaks_in_what_surrounds_the_values(audited, statement, checks):
    assert failed_checks(audited(statement)) == checks


def test_26_27_undeclared_table_and_column(audited):
    report = audited(
        "create table leftover as select 1 as a",
        "alter table fct_payments add column city varchar",
    )
    assert failed_checks(report) == {"CAT-1"}
    assert "fct_payments.city: undeclared column" in "\n".join(report.problems)
    assert "main.leftover: undeclared table" in "\n".join(report.problems)


def test_28_keys_in_a_column_declared_none(audited):
    added = column("reference", "VARCHAR")
    report = audited(extra=((added, "md5('x' || user_key::varchar)::uuid::varchar"),))
    assert failed_checks(report) == {"CAT-3", "PII-9", "SDC-8"}


def test_29_cell_with_one_person(audited_marketing):
    report = audited_marketing("update segment_summary set users = 1 where users = 10")
    assert failed_checks(report) == {"SDC-1"}
    assert "fewer than 10 people behind a row" in report.problems[0]


def test_30_one_customer_with_twelve_rows_is_one_person(audited_marketing):
    report = audited_marketing(
        "insert into audience_members select 'cant_lose', md5('same')::uuid from range(12)"
    )
    assert failed_checks(report) == {"SDC-1"}


def test_31_the_only_person_without_a_segment(audited_marketing):
    report = audited_marketing("insert into audience_members values (null, md5('one')::uuid)")
    assert failed_checks(report) == {"SDC-1"}


def test_38_names_of_card_security_data_and_raw_identifiers(audited):
    names = ["sec_cd", "cvv", "cardSecurityCode", "pin", "卡号", "openid", "out_trade_no"]
    report = audited(extra=tuple((column(name, "INTEGER"), "123") for name in names))
    assert failed_checks(report) == {"PCI-1"}
    named = {f.place for check in report.checks for f in check.findings}
    assert named == {f"fct_payments.{name}" for name in names}
