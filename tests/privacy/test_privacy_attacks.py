"""Attacks of our own: ways to write an identifier that no list had, and what only looks like one.

One candidate file carries all of them, one value in two thousand rows each, through the real audit.
What is known not to be found is listed in DECISIONS.md.
"""

from __future__ import annotations

import base64
import gzip

import pytest
from privacy_files import PAYMENTS, PAYMENTS_SQL, audit_file, column, with_column, write_file

from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.detectors import scan_texts, scratch
from pipelines.privacy.policy import Policy

_GZIP = base64.b64encode(gzip.compress(b"li.lei@example.com", mtime=0)).decode()
TEXT, DIMENSION = ("VARCHAR", "text"), ("VARCHAR", "dimension")

# Name, (type, role), value as SQL, check that finds it.
ATTACKS = [
    # Spelled otherwise.
    ("card digit by digit", TEXT, "'4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'", "PII-1"),
    ("card with middle dots", TEXT, "'4111·1111·1111·1111'", "PII-1"),
    ("phone in Chinese numerals", TEXT, "'电话一三八零零一三八零零零'", "PII-3"),
    ("phone in numerals of cheques", TEXT, "'壹叁捌零零壹叁捌零零零'", "PII-3"),
    ("phone in circles", TEXT, "'①③⑧⓪⓪①③⑧⓪⓪⓪'", "PII-3"),
    ("phone in bold digits", TEXT, "'𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎'", "PII-3"),
    ("phone in Thai digits", TEXT, "'๑๓๘๐๐๑๓๘๐๐๐'", "PII-3"),
    ("phone with letters for digits", TEXT, "'138OO138OOO'", "PII-3"),
    ("phone digit by digit", TEXT, "'1-3-8-0-0-1-3-8-0-0-0'", "PII-3"),
    ("phone in brackets", TEXT, "'(138)00138000'", "PII-3"),
    ("phone in two parts", TEXT, "'13800 138000'", "PII-3"),
    ("phone with middle dots", TEXT, "'138·0013·8000'", "PII-3"),
    ("phone in scientific notation", TEXT, "'1.3800138e10'", "PII-3"),
    ("phone behind a date", DIMENSION, "'2024010513800138000'", "PII-3"),
    ("phone as interval", ("INTERVAL", "dimension"), "to_seconds(13800138000)", "PII-3"),
    # Written for a machine.
    ("phone in HTML entities", TEXT, "'&#49;&#51;&#56;&#48;&#48;1&#51;8&#48;00'", "PII-3"),
    ("phone in hex entities", TEXT, "'&#x31;&#x33;&#x38;00138000'", "PII-3"),
    ("phone in escapes", TEXT, r"'\x31\x33\x38\x30\x30\x31\x33\x38\x30\x30\x30'", "PII-3"),
    (
        "phone as codes",
        ("INTEGER[]", "dimension"),
        "[49,51,56,48,48,49,51,56,48,48,48]",
        "PII-3",
    ),
    ("phone as list of digits", ("INTEGER[]", "dimension"), "[1,3,8,0,0,1,3,8,0,0,0]", "PII-3"),
    ("e-mail spoken", TEXT, "'li.lei at example dot com'", "PII-4"),
    ("e-mail with [at]", TEXT, "'li.lei[at]example[dot]com'", "PII-4"),
    ("e-mail of a Chinese domain", TEXT, "'张三@例子.中国'", "PII-4"),
    ("e-mail in HTML entities", TEXT, "'li.lei&#64;example.com'", "PII-4"),
    ("e-mail quoted for printing", TEXT, "'li.lei=40example.com'", "PII-4"),
    ("e-mail in base32", TEXT, "'NRUS43DFNFAGK6DBNVYGYZJOMNXW2==='", "PII-4"),
    ("e-mail packed", TEXT, f"'{_GZIP}'", "PII-4"),
    ("IBAN with dots", TEXT, "'DE89.3704.0044.0532.0130.00'", "PII-5"),
    ("address made harmless", TEXT, "'203[.]0[.]113[.]77'", "PII-6"),
    # Of a kind that was not looked for.
    ("landline", TEXT, "'010-62345678'", "PII-3"),
    ("landline in brackets", TEXT, "'（021）5555 1234转8'", "PII-3"),
    ("card of an old length", TEXT, "'my card 4218196001337 is lost'", "PII-1"),
    ("account number without checksum", TEXT, "'卡号：6222021234567890123'", "PII-5"),
    ("MAC address", DIMENSION, "'00:1B:44:11:3A:B7'", "PII-6"),
    ("MAC address with dashes", DIMENSION, "'00-1b-44-11-3a-b7'", "PII-6"),
    ("device number", DIMENSION, "'490154203237518'", "PII-6"),
    ("device number as number", ("BIGINT", "dimension"), "490154203237518", "PII-6"),
    ("citizen id of 15 digits", DIMENSION, "'110105491231002'", "PII-2"),
    ("citizen id with blanks", TEXT, "'110105 19491231 002X'", "PII-2"),
    ("citizen id, masked", TEXT, "'1101051949****002X'", "PII-2"),
    ("passport", TEXT, "'护照号码：E12345678'", "PII-2"),
    ("Hong Kong identity card", TEXT, "'香港身份证A123456(3)'", "PII-2"),
    ("Taiwan identity card", DIMENSION, "'A123456789'", "PII-2"),
    ("social security number", TEXT, "'078-05-1120'", "PII-2"),
    ("WeChat account", DIMENSION, "'wxid_a1b2c3d4e5f622'", "PII-7"),
    ("WeChat name", TEXT, "'微信号：lilei_1988'", "PII-7"),
    ("QQ number", TEXT, "'加QQ 1234567890'", "PII-7"),
    ("profile", TEXT, "'https://weibo.com/u/1234567890'", "PII-7"),
    ("bearer token", TEXT, "'Authorization: Bearer 0f9a8b7c6d5e4f3a2b1c'", "PII-8"),
    ("password", TEXT, "'password=hunter2hunter2'", "PII-8"),
    ("SSH key", TEXT, "'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7'", "PII-8"),
    ("key of a cloud", TEXT, "'LTAI5tQ9x8y7z6w5v4u3t2s1'", "PII-8"),
    ("number plate", TEXT, "'车牌京A12345'", "PII-9"),
    ("number plate of an electric car", TEXT, "'粤B·D12345'", "PII-9"),
    ("street", TEXT, "'北京市朝阳区建国路88号'", "PII-9"),
    ("flat", TEXT, "'3号楼2单元502室'", "PII-9"),
    ("name with a title", TEXT, "'请找王先生'", "PII-9"),
    ("English name with a title", TEXT, "'call Mr. Smith'", "PII-9"),
    ("birthday", TEXT, "'生于1987年5月17日'", "PII-9"),
    ("place on the map", DIMENSION, "'31.230416,121.473701'", "PII-9"),
]
ROW = "user_key = md5('key7')::uuid"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """One file with a column for every attack, and its report."""
    table, query = PAYMENTS, PAYMENTS_SQL
    for number, (_, (data_type, role), value, _) in enumerate(ATTACKS):
        table = with_column(table, column(f"attack_{number}", data_type, "sensitive", role))
        told = f"cast(case when {ROW} then {value} end as {data_type})"
        query = f"select *, {told} as attack_{number} from ({query})"
    path = tmp_path_factory.mktemp("attacks") / "wallet-x.duckdb"
    write_file(path, {"fct_payments": query})
    return audit_file(path, Catalogue((table,)), "analyst", Policy())


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=[attack[0] for attack in ATTACKS])
def test_an_attack_of_our_own_is_found(attacked, number):
    checks = {
        check.id
        for check in attacked.checks
        for finding in check.findings
        if finding.place == f"fct_payments.attack_{number}"
    }
    assert ATTACKS[number][3] in checks


def test_the_columns_beside_attacks_stay_clean(attacked):
    assert attacked.verdict == "fail"
    places = {f.place for check in attacked.checks for f in check.findings}
    assert places == {f"fct_payments.attack_{number}" for number in range(len(ATTACKS))}
    assert [check.id for check in attacked.checks if check.error] == []


HARMLESS = [
    "微信支付 1,234.50 元，支付宝 20%，共 12 笔",
    "iOS 17.2, Chrome/120.0.6099.109, app 8.6.1.20240105",
    "[1200, 1350, 1425, 1500, 980, 1010, 1100, 1250, 1300, 1400, 1500]",
    "[0.5123, 0.6412, 0.7001], 2024-01-05 10:20:30.123456+08:00",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
    "2, 0, 2, 4, 0, 1, 0, 5, 1, 2, 3",
    "ACQ.BUYER_BALANCE_NOT_ENOUGH, INSUFFICIENTFUNDSDECLINED, do_not_honor",
    "MERCHANT_PERM_RECEIPT_DAY_LIMIT at checkout, dot plot of wallets",
    "the rate at the start (at 10:00) was 0.91 (a drop of 3 points)",
    "router: 3-2-1 backup, 555-12-34, version 1.2.3.4567",
    "先生成报表，再发送；小姐姐主题；王者荣耀充值；路由1号机，3号线2024年",
    "京东支付 京A类商户 粤港澳 B2B",
    "一二三四五六 共十一项；二〇二四年一月；第一百二十三条",
    "password reset required; token bucket; bearer of the card",
    "exp(1.5e10), 6.02214e23, 1e-12, 3.14159e5",
    "QQ 钱包 24 小时；weibo login failed; facebook.com/",
    "https://docs.example.org/in/depth, github.com/duckdb/duckdb",
    "order 150 20240105 of batch 20240105, EAN 4006381333931",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "卡号已脱敏；账号未绑定 2024010510203040",
    "12 cards, 1706659200124 ms; card of order 1706659200125",
    "IOIOIOIOIOI lllllllllll OOOOOOOOOOO 0000000000",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_is_let_through(text):
    with scratch().cursor() as con:
        assert [(hit.pattern.kind, hit.sample) for _, hit in scan_texts(con, [("x", text)])] == []
