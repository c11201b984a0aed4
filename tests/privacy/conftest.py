"""Real candidate files for the audit: small, clean, and easy to spoil in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from privacy_files import (
    AUDIENCE,
    AUDIENCE_SQL,
    PAYMENTS,
    PAYMENTS_SQL,
    SEGMENTS,
    SEGMENTS_SQL,
    audit_file,
    with_column,
    write_file,
)

from pipelines.privacy import canary
from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.report import AuditReport

_self_test = canary.self_test


@pytest.fixture(autouse=True)
def _self_test_once(request, monkeypatch) -> None:
    """The self-test looks at no file: once per session is enough for tests about files."""
    if "real_self_test" not in request.fixturenames:
        monkeypatch.setattr(canary, "self_test", _remembered)


@pytest.fixture
def real_self_test() -> None:
    """Ask for it in tests about the self-test."""


@cache
def _policy_self_test(digest: str, minimum: int) -> tuple:
    return tuple(_self_test(Policy(minimum_users=minimum)))


def _remembered(policy: Policy) -> list:
    return list(_policy_self_test(policy.digest(), policy.minimum_users))


@pytest.fixture
def policy() -> Policy:
    return Policy()


@pytest.fixture
def audited(tmp_path: Path, policy: Policy) -> Callable[..., AuditReport]:
    """Write the clean analyst file, spoiled by statements and extra columns, and audit it."""

    def run(*then: str, extra: tuple[tuple[Column, str], ...] = (), **more) -> AuditReport:
        table, query = PAYMENTS, PAYMENTS_SQL
        for added, expression in extra:
            table = with_column(table, added)
            query = f"select *, {expression} as {added.name} from ({query})"
        path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": query}, *then)
        return audit_file(path, Catalogue((table,)), "analyst", more.get("policy", policy))

    return run


@pytest.fixture
def audited_marketing(tmp_path: Path, policy: Policy) -> Callable[..., AuditReport]:
    """Write the clean marketing file, spoiled by statements, and audit it."""

    def run(*then: str, tables: tuple[Table, ...] = (SEGMENTS, AUDIENCE)) -> AuditReport:
        queries = {"segment_summary": SEGMENTS_SQL, "audience_members": AUDIENCE_SQL}
        path = write_file(tmp_path / "marketing-x.duckdb", queries, *then)
        return audit_file(path, Catalogue(tables), "marketing", policy)

    return run
