"""Everything a reader of a DuckDB file sees besides values: names, comments, definitions, labels.

What belongs here: collecting those texts, and names that announce what may never be stored. What
does not: scanning them (`detectors`) or the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from pipelines.privacy.report import Finding

# Kind of object -> query of (name, what its maker may have typed); $1 is the database.
_SOURCES = {
    "table": "select table_name, [table_name, comment, sql, tags::varchar]"
    " from duckdb_tables() where database_name = $1",
    "column": "select table_name || '.' || column_name, [column_name, comment, column_default,"
    " data_type, generation_expression, tags::varchar]"
    " from duckdb_columns() where database_name = $1 and not internal",
    "view": "select view_name, [view_name, sql, comment, tags::varchar]"
    " from duckdb_views() where database_name = $1 and not internal",
    "type": "select type_name, [type_name, labels::varchar, comment, tags::varchar]"
    " from duckdb_types() where database_name = $1 and not internal",
    "macro": "select function_name, [function_name, macro_definition, comment,"
    " parameters::varchar] from duckdb_functions() where database_name = $1 and not internal",
    "sequence": "select sequence_name, [sequence_name, sql, comment, start_value::varchar,"
    " min_value::varchar, max_value::varchar, last_value::varchar]"
    " from duckdb_sequences() where database_name = $1",
    "schema": "select schema_name, [schema_name, comment, tags::varchar]"
    " from duckdb_schemas() where database_name = $1",
    "index": "select index_name, [index_name, sql, comment]"
    " from duckdb_indexes() where database_name = $1",
    "trigger": "select trigger_name, [trigger_name, sql, comment]"
    " from duckdb_triggers() where database_name = $1",
    "constraint": "select table_name, [constraint_text, expression, constraint_name]"
    " from duckdb_constraints() where database_name = $1",
    "database": "select 'database', [comment, tags::varchar]"
    " from duckdb_databases() where database_name = $1",
}

# Card security data (PCI DSS 3.3.1) under the names it goes by. Not even an empty column of it.
_FORBIDDEN_WORDS = re.compile(
    r"(^|_)(cvv2?|cvc2?|cvn2?|csc|cav2|cid|pin|pinblock|pan|track[12]|magstripe|otp"
    r"|password|passwd|pwd|passcode|secret)($|_)"
)
_FORBIDDEN_NAMES = re.compile(
    r"(^|_)(sec_cd|sec_code|security_code|card_code|card_no|card_num|card_number|cardno|cardnumber"
    r"|expiry|expiry_date|expiration|exp_date|exp_month|exp_year|valid_thru|track_data|sms_code"
    r"|private_key|api_key)($|_)"
    r"|密码|安全码|有效期|卡号|磁道|验证码"
)
# Raw identifiers: their pseudonym ends in `_key`, and only that is published.
_RAW_NAMES = re.compile(
    r"^(.*_)?(openid|open_id|unionid|union_id|phone|phone_number|mobile|mobile_number|email|e_mail"
    r"|id_card|idcard|id_number|real_name|full_name|buyer_logon_id|buyer_user_id|buyer_id"
    r"|ip|ip_address|client_ip|imei|idfa|oaid|mac_address|street|address|birthday|birth_date"
    r"|out_trade_no|trade_no|transaction_id|merchant_order_id|user_id|device_id)$"
    r"|身份证|手机号|姓名|住址|邮箱|电话"
)


@dataclass(frozen=True)
class Described:
    """One object of a database file and every text that comes with it."""

    kind: str
    name: str
    texts: tuple[str, ...]

    @property
    def place(self) -> str:
        """How a finding names it."""
        return self.name if self.kind in ("column", "database") else f"{self.kind} {self.name}"


def described_objects(con: duckdb.DuckDBPyConnection, database: str) -> list[Described]:
    """Everything in a database that is not a value.

    Args:
        con: connection that has the database attached.
        database: its name.
    """
    return [
        Described(kind, name, tuple(text for text in texts if text and text != "{}"))
        for kind, source in _SOURCES.items()
        for name, texts in con.execute(source, [database]).fetchall()
    ]


def texts_of(objects: Iterable[Described]) -> list[tuple[str, str]]:
    """(place, text) of every object, to be scanned."""
    return [(described.place, text) for described in objects for text in described.texts]


def forbidden_names(names: list[tuple[str, str]]) -> list[Finding]:
    """Columns whose name says that they hold card security data or a raw identifier.

    Args:
        names: (table, column) pairs.
    """
    found = []
    for table, column in names:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
        if _FORBIDDEN_WORDS.search(name) or _FORBIDDEN_NAMES.search(name):
            found.append(Finding(f"{table}.{column}", "name of card security data or a secret"))
        elif _RAW_NAMES.search(name):
            found.append(Finding(f"{table}.{column}", "name of a raw identifier"))
    return found
