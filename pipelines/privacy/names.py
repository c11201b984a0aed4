"""Names of people, and free text in which they hide.

What belongs here: rules about whole columns of text that no identifier pattern covers. What does
not: identifiers (`patterns`). A single Chinese name is two or three characters like any word: only
the share of name-like values in a column tells. One name among a thousand words is not found here.
"""

from __future__ import annotations

import duckdb

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import Finding
from pipelines.privacy.text import is_numeric, literal, quoted

# The hundred most common family names cover 85 % of mainland China.
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田"
    "董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白"
    "邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_CHINESE_NAME = f"[{_FAMILY}][\\x{{4E00}}-\\x{{9FFF}}]{{1,2}}"
# As wallets print a payer: `*三`, `李*`, `张*丰`.
_CHINESE = r"[\x{4E00}-\x{9FFF}]"
_MASKED_NAME = rf"\*{{1,2}}{_CHINESE}|{_CHINESE}\*{{1,2}}|{_CHINESE}\*{_CHINESE}"
_FEWEST, _SHARE = 3, 0.5


def names_in(
    con: duckdb.DuckDBPyConnection, relation: str, table: Table, column: Column, data_type: str
) -> list[Finding]:
    """Findings about names of people in one column of text."""
    if not _is_text(data_type) or column.role == "key":
        return []
    value = f"trim({quoted(column.name)}::varchar)"
    names, masked, total = con.execute(
        f"with d as (select distinct {value} as v from {relation}"
        f" where {quoted(column.name)} is not null)"
        f" select count(*) filter (regexp_full_match(v, {literal(_CHINESE_NAME)})),"
        f" count(*) filter (regexp_full_match(v, {literal(_MASKED_NAME)})), count(*) from d"
    ).fetchall()[0]
    place = f"{table.name}.{column.name}"
    if masked:
        return [Finding(place, "names of people, partly masked", masked, masked)]
    if names >= _FEWEST and names >= _SHARE * total:
        return [Finding(place, "values that look like names of people", names, names)]
    return []


def free_text(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    table: Table,
    types: dict[str, str],
    policy: Policy,
) -> list[Finding]:
    """Columns in which people may have written: declared `text`, or too varied for codes.

    In a table about people, text with more different values than the policy allows is prose that
    nobody reviewed, whatever it is declared as.
    """
    if not any(column.privacy_class == "pseudonym" for column in table.columns):
        return []
    findings = []
    for column in table.columns:
        if column.role in ("key", "lineage") or not _is_text(types.get(column.name, "")):
            continue
        distinct = con.execute(
            f"select count(distinct {quoted(column.name)}) from {relation}"
        ).fetchall()[0][0]
        if distinct > policy.maximum_texts:
            message = f"at most {policy.maximum_texts} different values are codes, not prose"
            place = f"{table.name}.{column.name}"
            findings.append(Finding(place, "free text about people", distinct, message=message))
    return findings


def _is_text(data_type: str) -> bool:
    return (
        data_type in ("VARCHAR", "JSON")
        or data_type.startswith("ENUM")
        or (data_type.endswith("[]") and not is_numeric(data_type[:-2]) and data_type != "UUID[]")
    )
