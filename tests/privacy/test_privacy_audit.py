"""The audit as a whole: what it refuses besides personal data, and that it fails closed."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil

import duckdb
import pytest
from privacy_files import AUDIENCE, PAYMENTS, PAYMENTS_SQL, SEGMENTS, audit_file, column, write_file

from pipelines.privacy import canary, database, identifier_checks, values
from pipelines.privacy.audit import REQUIRED_CHECKS
from pipelines.privacy.catalogue import Catalogue, CatalogueError, read_catalogue
from pipelines.privacy.policy import Policy, policy_for
from pipelines.privacy.pseudonyms import check_pseudonym
from pipelines.privacy.report import sha256_of
from pipelines.settings import Settings

CATALOGUE = Catalogue((PAYMENTS,))


def failed_checks(report) -> set[str]:
    return {check.id for check in report.checks if check.status == "fail"}


def test_report_is_tied_to_the_file_and_the_rules(tmp_path):
    path = write_file(tmp_path / "wallet-r1.duckdb", {"fct_payments": PAYMENTS_SQL})
    report = audit_file(
        path, CATALOGUE, "analyst", Policy(), release_id="r1", previous_report_sha256="ab"
    )

    content = report.as_dict()
    assert content["verdict"] == "pass"
    assert content["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert content["tables"] == ({"name": "fct_payments", "rows": 2000, "columns": 12},)
    assert content["release_id"] == "r1"
    assert content["previous_report_sha256"] == "ab"
    assert content["policy_sha256"] == Policy().digest()
    assert Policy(minimum_users=9).digest() != Policy().digest()
    assert content["tool_versions"]["duckdb"] == duckdb.__version__
    assert len(sha256_of(path.read_bytes())) == 64


def test_marketing_file_is_clean(audited_marketing):
    report = audited_marketing()
    assert report.problems == ()
    assert {check.id for check in report.checks} == {*REQUIRED_CHECKS["marketing"], "SYS-2"}


def test_23_table_in_a_write_ahead_log(tmp_path):
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL})
    unchanged = hashlib.sha256(path.read_bytes()).hexdigest()
    other = shutil.copy(path, tmp_path / "other.duckdb")
    con = duckdb.connect(other)
    con.execute("create table hidden as select '13800138000' as a")
    # The log as a killed writer leaves it, put beside the file that is audited.
    shutil.copy(f"{other}.wal", f"{path}.wal")
    con.close()

    report = audit_file(path, CATALOGUE, "analyst", Policy())

    assert hashlib.sha256(path.read_bytes()).hexdigest() == unchanged
    assert {"FILE-1", "FILE-3"} <= failed_checks(report)


def test_24_dropped_table_in_free_blocks(tmp_path):
    path = write_file(
        tmp_path / "wallet-x.duckdb",
        {
            "fct_payments": PAYMENTS_SQL,
            "raw": "select 13000000000 + i * 7919 as p, random() as r from range(400000) t(i)",
        },
        "checkpoint c",
        "drop table raw",
    )
    report = audit_file(path, CATALOGUE, "analyst", Policy())
    assert failed_checks(report) == {"FILE-1"}
    assert "free blocks" in report.problems[0]


def test_storage_version_that_older_clients_cannot_open(tmp_path):
    path = write_file(
        tmp_path / "wallet-x.duckdb", {"fct_payments": PAYMENTS_SQL}, storage="latest"
    )
    report = audit_file(path, CATALOGUE, "analyst", Policy())
    assert failed_checks(report) == {"FILE-1"}
    assert "storage version" in report.problems[0]


def test_missing_tables_and_other_types(tmp_path):
    query = f"select * replace (amount::double as amount) from ({PAYMENTS_SQL})"
    path = write_file(tmp_path / "wallet-x.duckdb", {"fct_payments": query})
    declared = Catalogue((PAYMENTS, dataclasses.replace(PAYMENTS, name="fct_refunds")))

    report = audit_file(path, declared, "analyst", Policy())

    assert failed_checks(report) == {"CAT-1"}
    text = "\n".join(report.problems)
    assert "fct_refunds: declared table is missing" in text
    assert "declared DECIMAL(18,4), found DOUBLE" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"privacy_class": "pseudonym"}, "class pseudonym is not for marketing"),
        ({"privacy_class": "sensitive"}, "class sensitive is not for marketing"),
        ({"privacy_class": None}, "privacy meta without class"),
        ({"privacy_class": "harmless"}, "privacy meta without class"),
        ({"purpose": ""}, "privacy meta without purpose"),
        ({"retention_days": None}, "privacy meta without retention_days"),
        ({"audiences": ("analyst",)}, "declared for analyst, not for marketing"),
    ],
)
def test_declarations_that_block(audited_marketing, change, said):
    changed = dataclasses.replace(SEGMENTS.columns[0], **change)
    table = dataclasses.replace(SEGMENTS, columns=(changed, *SEGMENTS.columns[1:]))
    report = audited_marketing(tables=(table, AUDIENCE))
    assert "CAT-2" in failed_checks(report)
    assert said in "\n".join(report.problems)


def test_empty_file_does_not_pass(audited):
    report = audited("delete from fct_payments", "checkpoint c")
    assert "FILE-2" in failed_checks(report)


def test_marketing_table_without_a_count_of_people(audited_marketing):
    report = audited_marketing("alter table segment_summary drop column users")
    assert {"SDC-1", "CAT-1"} <= failed_checks(report)


@pytest.mark.parametrize(
    "expression",
    [
        "lpad((13000000000 + row_number() over ())::varchar, 32, '0')",
        "'5f0c9a348d1e4b7a9' || lpad((row_number() over ())::varchar, 15, '1')",
    ],
    ids=["phone padded to a key", "number in a fixed frame"],
)
def test_raw_numbers_dressed_as_pseudonyms(audited, expression):
    added = column("other_key", "UUID", "pseudonym", "key", subject="user")
    report = audited(extra=((added, f"({expression})::uuid"),))
    assert failed_checks(report) == {"PSE-1"}


def test_text_pseudonyms_must_be_uuids(audited):
    added = column("other_key", "VARCHAR", "pseudonym", "key", subject="user")
    report = audited(extra=((added, "'customer ' || amount"),))
    assert failed_checks(report) == {"PSE-1"}


def test_a_number_that_is_no_database_fails_without_an_exception(tmp_path):
    path = tmp_path / "wallet-x.duckdb"
    path.write_bytes(b"13800138000" * 1000)
    report = audit_file(path, CATALOGUE, "analyst", Policy())
    assert report.verdict == "fail"
    assert {"OPEN", "SYS-2"} <= failed_checks(report)

    missing = audit_file(tmp_path / "none.duckdb", CATALOGUE, "analyst", Policy())
    assert missing.verdict == "fail"


@pytest.mark.usefixtures("real_self_test")
def test_43_detectors_that_see_nothing_are_noticed(audited, monkeypatch):
    monkeypatch.setattr(values, "scan_column", lambda *_: ())
    report = audited()
    assert "SYS-1" in failed_checks(report)


def test_43_a_scan_that_is_left_out_is_noticed(audited, monkeypatch):
    monkeypatch.setattr(identifier_checks, "scan_values", lambda *_: values.ValueScan())
    report = audited()
    assert {f"PII-{n}" for n in range(1, 9)} <= failed_checks(report)


def test_a_check_that_raises_fails_and_does_not_quote_values(audited, monkeypatch):
    def broken(*_):
        raise duckdb.ConversionException("Could not convert string '13800138000' to INT32")

    monkeypatch.setattr(identifier_checks, "scan_values", broken)
    report = audited()
    assert report.verdict == "fail"
    problem = next(line for line in report.problems if line.startswith("[PII-3]"))
    assert "could not be checked: ConversionException: Could not convert string '****'" in problem


def test_a_check_that_never_ran_is_noticed(audited, monkeypatch):
    monkeypatch.setattr(identifier_checks.IdentifierChecks, "_scan", lambda *_: None)
    report = audited()
    assert failed_checks(report) == {"SYS-2"}
    assert "PII-1: check was not run" in "\n".join(report.problems)


def test_time_limit_fails_the_audit(audited):
    report = audited(policy=Policy(maximum_seconds=0.0))
    assert report.verdict == "fail"
    assert "time limit" in "\n".join(report.problems)


def test_file_changed_during_the_audit(audited, monkeypatch, tmp_path):
    path = tmp_path / "wallet-x.duckdb"
    counts = database.artefact.row_counts

    def swap(con, relations):
        found = counts(con, relations)
        path.write_bytes(path.read_bytes() + b"\0")
        return found

    monkeypatch.setattr(database.artefact, "row_counts", swap)
    assert failed_checks(audited()) == {"FILE-3"}


@pytest.mark.usefixtures("real_self_test")
def test_self_test_reports_what_it_misses(monkeypatch):
    assert canary.self_test(Policy()) == []
    monkeypatch.setitem(canary._TEXT_LEAKS, "iban", "no number here")
    assert [finding.place for finding in canary.self_test(Policy())] == ["text iban"]


def test_policy_takes_the_merchants_minimum(tmp_path):
    assert policy_for(Settings(data_dir=tmp_path, minimum_cell_users=25)).minimum_users == 25


def test_catalogue_without_published_models(tmp_path):
    path = tmp_path / "manifest.json"
    with pytest.raises(CatalogueError, match="Build the dbt models first"):
        read_catalogue(path)
    path.write_text('{"nodes": {}}')
    with pytest.raises(CatalogueError, match="nothing to publish"):
        read_catalogue(path)


@pytest.mark.parametrize(
    ("key", "findings"),
    [
        ("md5(i::varchar)::uuid", 0),
        # A customer number in hexadecimal is no keyed hash, in whatever order it stands.
        ("format('{:032x}', i * 1315423911::hugeint * 1000000007)::uuid", 1),
    ],
)
def test_many_keys_in_sorted_order_are_judged_on_all_of_them(key, findings):
    """The first 100,000 of 300,000 sorted keys all begin with a low digit: no sign of a raw id."""
    with duckdb.connect() as con:
        con.execute(
            f"create table t as select {key} as user_key from range(300000) r(i) order by 1"
        )
        table = dataclasses.replace(PAYMENTS, name="t")
        declared = column("user_key", "UUID", privacy_class="pseudonym", role="key")
        assert len(check_pseudonym(con, "t", table, declared)) == findings
