"""Digests, what a release is made from, storage version and old clients, assets."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from datetime import date

import duckdb
import pytest
from publish_files import MODELS, PAYMENTS, write_manifest

from pipelines.privacy.catalogue import Catalogue, Column, Contribution, Table, read_catalogue
from pipelines.privacy.declared import not_allowed
from pipelines.privacy.disclosure import alike, rare_people
from pipelines.privacy.policy import AUDIENCES, Policy
from pipelines.publish.candidate import STORAGE_VERSION, build_candidate
from pipelines.publish.digest import logical_digest
from pipelines.publish.inputs import inputs_digest

TODAY = date(2026, 3, 1)
OLD_PYTHONS = [p for p in os.environ.get("WALLET_TEST_OLD_DUCKDB", "").split(os.pathsep) if p]


def digest_of(path, query: str) -> str:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute(f"create table t as {query}")
    return logical_digest(path)["t"]


def test_digest_is_of_content_not_of_bytes(tmp_path):
    first = digest_of(tmp_path / "a.duckdb", PAYMENTS)
    shuffled = digest_of(tmp_path / "b.duckdb", f"{PAYMENTS} order by hash(i)")
    assert first == shuffled
    assert first.startswith("3000:")
    noise = f"select * replace (failure_rate * (1 + 1e-15) as failure_rate) from ({PAYMENTS})"
    assert digest_of(tmp_path / "c.duckdb", noise) == first


@pytest.mark.parametrize(
    "query",
    [
        f"select * replace (if(row_number = 5, 'x', region) as region) from ({PAYMENTS})",
        f"select * replace (if(row_number = 5, null, wallet) as wallet) from ({PAYMENTS})",
        f"select * from ({PAYMENTS}) union all from (select * from ({PAYMENTS}) limit 2)",
        f"select * replace (row_number::integer as row_number) from ({PAYMENTS})",
        f"select * rename (region as area) from ({PAYMENTS})",
    ],
    ids=["value", "null", "repeated rows", "type", "name"],
)
def test_digest_sees_a_difference(tmp_path, query):
    assert digest_of(tmp_path / "a.duckdb", PAYMENTS) != digest_of(tmp_path / "b.duckdb", query)


def test_a_row_repeated_twice_does_not_cancel(tmp_path):
    once = digest_of(tmp_path / "a.duckdb", "select 1 as a")
    thrice = digest_of(tmp_path / "b.duckdb", "select 1 as a from range(3)")
    assert once.split(":")[1] != thrice.split(":")[1]


def test_inputs_digest(workspace):
    before = inputs_digest(workspace)
    assert inputs_digest(workspace) == before
    workspace.ledger.mkdir(parents=True)
    (workspace.ledger / f"{'0' * 64}.json").write_text("{}")
    ingested = inputs_digest(workspace)
    assert ingested != before

    def with_settings(**changed):
        settings = workspace.settings.model_copy(update=changed)
        return inputs_digest(dataclasses.replace(workspace, settings=settings))

    assert with_settings(minimum_cell_users=20) != ingested
    assert with_settings(reporting_currency="USD") != ingested
    assert with_settings(threads=1, pseudonym_key="ab" * 32, keep_releases=9) == ingested


def test_candidate_is_fresh_and_in_the_older_format(workspace, manifest, tmp_path):
    catalogue = read_catalogue(manifest).for_audience("marketing")
    path = build_candidate(workspace.warehouse, catalogue, tmp_path / "m.duckdb", today=TODAY)
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "select tags['storage_version'], free_blocks from duckdb_databases()"
            " join pragma_database_size() using (database_name)"
        ).fetchall()
    assert rows == [(f"{STORAGE_VERSION}+", 0)]
    assert storage_number(path) == 65
    assert not (tmp_path / "m.duckdb.wal").exists()
    with pytest.raises(FileExistsError):
        build_candidate(workspace.warehouse, catalogue, path, today=TODAY)


def storage_number(path) -> int:
    """Number of the storage format in the file's first header (bytes 12 to 19)."""
    header = path.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    return int.from_bytes(header[12:20], "little")


@pytest.mark.skipif(
    not OLD_PYTHONS,
    reason="WALLET_TEST_OLD_DUCKDB names no Python with an older duckdb (1.4, 1.5)",
)
@pytest.mark.parametrize("python", OLD_PYTHONS)
def test_older_clients_open_a_release(workspace, publishing, python):
    made = publishing()
    script = (
        "import duckdb, sys\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "rows = con.execute('select count(*), count(distinct user_key) from fct_payments')\n"
        "print(duckdb.__version__, rows.fetchall())"
    )
    path = workspace.releases / "current.duckdb"
    told = subprocess.run(
        [python, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    version, rows = told.stdout.strip().split(" ", 1)
    assert version < "2"
    assert rows == "[(3000, 60)]"
    assert made.database("analyst").exists()


def test_manifest_gives_tables_and_asset_keys(tmp_path):
    from pipelines.publish.assets import published_models

    manifest = write_manifest(tmp_path / "manifest.json")
    catalogue = read_catalogue(manifest)
    assert [(table.audience, table.name) for table in catalogue.tables] == [
        (audience, name) for audience in sorted(MODELS) for name in sorted(MODELS[audience])
    ]
    keys = [key.path for key in published_models(manifest)]
    assert ["marketing", "published_marketing__segment_summary"] in keys
    assert len(keys) == sum(len(tables) for tables in MODELS.values())


def test_declarations_of_this_project_are_complete_and_allowed():
    from pipelines.warehouse.dbt_project import manifest_path

    catalogue = read_catalogue(manifest_path())
    for audience in AUDIENCES:
        mine = catalogue.for_audience(audience)
        assert mine.tables
        assert [f.sentence() for f in not_allowed(mine, audience, Policy())] == []


def test_asset_publishes_and_its_check_verifies(workspace, manifest, monkeypatch):
    import dagster as dg
    from publish_files import draw_page

    from pipelines.publish import assets, draft
    from pipelines.publish import release as releasing

    monkeypatch.setattr(releasing, "_project_manifest", lambda: manifest)
    monkeypatch.setattr(releasing, "_reports_room", lambda: draw_page)
    # This warehouse was written by hand, not by dbt.
    monkeypatch.setattr(releasing, "_refuse_untested", lambda workspace: None)
    result = dg.materialize(
        [assets.release, assets.privacy_audit], resources={"workspace": workspace}
    )
    assert result.success
    materialized = result.asset_materializations_for_node("publish__release")[0]
    assert materialized.metadata["checks_passed"].value >= 38
    assert "| analyst | fct_payments | 3,000 |" in materialized.metadata["tables"].value
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    assert draft.DATABASE_NAMES["analyst"] == "wallet"


def test_33_rows_that_one_buyer_makes_are_left_out(tmp_path):
    def column(name, data_type, role="dimension"):
        return Column(name, data_type, "aggregate", role, "none", ("marketing",), "x", 3650)

    columns = (
        column("wallet", "varchar"),
        column("users", "bigint", "measure"),
        column("paid", "decimal(18,4)", "measure"),
        column("share_of_paid", "double", "measure"),
    )
    parts = (Contribution("paid", "fct_payments", "amount", (("wallet", "wallet"),)),)
    table = Table("marketing", "sums", columns, contributions=parts)
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as con:
        con.execute("create schema analyst; create schema marketing")
        con.execute(
            "create table analyst.fct_payments as select md5(i::varchar)::uuid as user_key,"
            " ['alipay', 'paypal'][1 + i % 2] as wallet,"
            " case when i = 1 then 1e6 else 10 end::decimal(18,4) as amount from range(60) t(i)"
        )
        con.execute(
            "create table marketing.sums as select wallet, count(*) as users, sum(amount) as paid,"
            " sum(amount) / sum(sum(amount)) over () as share_of_paid from analyst.fct_payments"
            " group by wallet"
        )
    path = build_candidate(
        warehouse, Catalogue((table,)), tmp_path / "m.duckdb", today=TODAY, policy=Policy()
    )
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute("select wallet, users, paid, share_of_paid from sums").fetchall()
    assert [(row[0], row[1], float(row[2]), row[3]) for row in rows] == [
        ("alipay", 30, 300.0, None)
    ]


@pytest.mark.parametrize("language", ["'zh'", "case when i = 0 then 'en' else 'zh' end"])
def test_people_past_their_retention_hide_nobody(tmp_path, language):
    """Of twelve customers in Lhasa ten bought too long ago to be published: two are too few.

    Everybody who is published prefers one wallet; whoever preferred another is too old as well.
    """

    def column(name, data_type, privacy_class, role="dimension"):
        return Column(name, data_type, privacy_class, role, "user", ("analyst",), "x", 365)

    columns = (
        column("user_key", "uuid", "pseudonym", "key"),
        column("last_paid_date", "date", "quasi_identifier", "time"),
        column("region", "varchar", "quasi_identifier"),
        column("language", "varchar", "quasi_identifier"),
        column("preferred_wallet", "varchar", "sensitive"),
    )
    catalogue = Catalogue((Table("analyst", "dim_users", columns),))
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as con:
        con.execute("create schema analyst")
        con.execute(
            f"""
            create table analyst.dim_users as
            select md5(i::varchar)::uuid as user_key,
                case when i between 2 and 11 then date '2020-01-01' else date '2026-02-01' end
                    as last_paid_date,
                case when i < 12 then 'CN-XZ' else 'CN-SH' end as region,
                {language} as language,
                case when i = 5 then 'alipay' else 'wechat_pay' end as preferred_wallet
            from range(60) t(i)
            """
        )
    path = build_candidate(
        warehouse, catalogue, tmp_path / "w.duckdb", today=TODAY, minimum_people=5
    )
    with duckdb.connect(str(path), read_only=True) as con:
        people, single, findings = rare_people(con, catalogue, Policy())
        assert people == single == []
        assert findings["dim_users: language, region"]["k"] >= 5
        found, measured = alike(con, catalogue, Policy())
        assert found == []
        assert measured["dim_users.preferred_wallet"]["shared_by_all"]
        rows = con.execute("select count(*), count(region) from dim_users").fetchall()
        # The next smallest region is hidden as well, or two people would be those without.
        assert rows == [(50, 0)]


def test_a_table_of_few_people_hides_only_its_own_values(tmp_path):
    """Four suspects show no device; payments keep theirs, where five people share it."""
    columns = (
        Column("user_key", "uuid", "pseudonym", "key", "user", ("analyst",), "x", 365),
        Column("is_new_device", "boolean", "quasi_identifier", "dimension", audiences=("analyst",)),
    )
    tables = tuple(Table("analyst", name, columns) for name in ("payments", "suspects"))
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as con:
        con.execute("create schema analyst")
        rows = (
            "select md5(i::varchar)::uuid as user_key, i < {} as is_new_device from range({}) t(i)"
        )
        con.execute(f"create table analyst.payments as {rows.format(20, 60)}")
        con.execute(f"create table analyst.suspects as {rows.format(3, 4)}")
    path = build_candidate(
        warehouse, Catalogue(tables), tmp_path / "w.duckdb", today=TODAY, minimum_people=5
    )
    with duckdb.connect(str(path), read_only=True) as con:
        assert rare_people(con, Catalogue(tables), Policy())[:2] == ([], [])
        count = "select count(*), count(is_new_device), count_if(is_new_device) from"
        assert con.execute(f"{count} payments").fetchall() == [(60, 60, 20)]
        assert con.execute(f"{count} suspects").fetchall() == [(4, 0, None)]
