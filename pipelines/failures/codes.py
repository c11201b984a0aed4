"""What a failure code means and what to do about it: the seed failure_codes for people.

What belongs here: looking a code up in the seed files as they are in the project. What does not:
matching codes of attempts (dbt's int_failure_codes__matched), printing (`cli.py`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

from pipelines.settings import DBT_PROJECT_DIR

_CODES = DBT_PROJECT_DIR / "seeds" / "failure_codes.csv"
_RULES = DBT_PROJECT_DIR / "seeds" / "network_retry_rules.csv"


@dataclass(frozen=True)
class CodeAdvice:
    """One row of the seed, with the network rule it points to in words ('' where there is none)."""

    provider: str
    code: str
    stage: str
    category: str
    meaning: dict[str, str]
    customer_message: dict[str, str]
    outcome: str
    retryable: str
    party_at_fault: str
    next_action: str
    network_rule: dict[str, str]
    evidence: str
    source: str


def look_up(code: str, provider: str | None = None, stage: str | None = None) -> list[CodeAdvice]:
    """All meanings of a code, as codes are compared in the warehouse; as it was written first.

    Case, underscores and everything up to the last dot do not matter: `aop.ACQ.SYSTEM_ERROR`,
    `SYSTEMERROR` and `system_error` are one code. Leading zeros may be left out.

    Args:
        code: as the provider printed it.
        provider: only this provider or network; `wechat_pay` stands for both API versions.
        stage: only `payment` or `refund`.
    """
    wanted = _comparable(code)
    with _CODES.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if _comparable(row["raw_code"]) == wanted]
    rows.sort(key=lambda row: row["raw_code"].upper() != code.strip().upper())
    rules = _rules()
    return [
        _advice(row, rules)
        for row in rows
        if (not provider or row["provider"] == provider or row["provider"].startswith(provider))
        and (not stage or row["stage"] == stage)
    ]


def providers() -> list[str]:
    """Providers and networks of the seed, sorted."""
    with _CODES.open(encoding="utf-8", newline="") as stream:
        return sorted({row["provider"] for row in csv.DictReader(stream)})


def _comparable(code: str) -> str:
    inner = code.strip().upper().rsplit(".", 1)[-1].replace("_", "")
    return inner.lstrip("0") or inner


def _rules() -> dict[str, dict[str, str]]:
    with _RULES.open(encoding="utf-8", newline="") as stream:
        return {row["rule"]: row for row in csv.DictReader(stream)}


def _advice(row: dict[str, str], rules: dict[str, dict[str, str]]) -> CodeAdvice:
    rule = rules.get(row["network_rule"])
    dated = f"{rule['valid_from']}, {rule['evidence']}" if rule else ""
    return CodeAdvice(
        provider=row["provider"],
        code=row["raw_code"],
        stage=row["stage"],
        category=row["category"],
        meaning={"en": row["meaning_en"], "zh": row["meaning_zh"]},
        customer_message={"en": row["customer_message_en"], "zh": row["customer_message_zh"]},
        outcome=row["outcome"],
        retryable=row["retryable"],
        party_at_fault=row["party_at_fault"],
        next_action=row["next_action"],
        network_rule={
            language: f"{rule[f'note_{language}']} ({dated})" if rule else ""
            for language in ("en", "zh")
        },
        evidence=row["evidence"],
        source=row["source"],
    )
