"""The house rules of the dbt project, checked on its manifest."""

from __future__ import annotations

import csv
import json
import os
import re

import pytest

from pipelines.settings import DBT_PROJECT_DIR
from pipelines.warehouse import dbt_project, shown
from pipelines.warehouse.check_words import rule_of

LAYERS = {"staging": "stg_", "intermediate": "int_", "published": "published_"}
# What a layer may read. Published for marketing may also read published for analysts: one truth.
MAY_READ = {
    # Seeds of units and codes, without which a text cannot be typed.
    "staging": {"lake", "seed"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"staging", "intermediate", "marts"},
    "published": {"marts", "published", "seed", "analysis"},
}
CLASSES = {"none", "aggregate", "pseudonym", "quasi_identifier", "sensitive"}
ROLES = {"key", "dimension", "measure", "time", "lineage", "text"}
SUBJECTS = {"user", "device", "order", "operator", "none"}


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads(dbt_project.manifest_path().read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def models(manifest) -> list[dict]:
    nodes = manifest["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model"]


def layer(node: dict) -> str:
    if node["resource_type"] == "seed":
        return "seed"
    return node["source_name"] if node["resource_type"] == "source" else node["fqn"][1]


def problems(found: list[str]) -> None:
    assert not found, "\n".join(found)


def test_a_manifest_is_stale_after_any_change_whatever_its_time(tmp_path, monkeypatch):
    """An update with `cp -p` was taken for no change: its tables passed for unchanged."""
    monkeypatch.setattr(dbt_project, "DBT_PROJECT_DIR", tmp_path)
    (tmp_path / "models").mkdir()
    for name in ("dbt_project.yml", "profiles.yml", "models/a.sql", "models/b.sql"):
        (tmp_path / name).write_text("select 1")
    states = [dbt_project.project_state()]
    model = tmp_path / "models/a.sql"
    model.write_text("select 2")
    os.utime(model, (1_000_000_000, 1_000_000_000))
    states.append(dbt_project.project_state())
    os.utime(tmp_path / "models/b.sql", (4_000_000_000, 4_000_000_000))
    states.append(dbt_project.project_state())
    model.write_text("select 3")
    states.append(dbt_project.project_state())
    model.rename(tmp_path / "models/c.sql")
    states.append(dbt_project.project_state())
    (tmp_path / "models/b.sql").unlink()
    states.append(dbt_project.project_state())
    assert len(set(states)) == len(states)
    assert dbt_project.project_state() == states[-1]


def test_models_are_named_after_their_layer(models):
    marts = re.compile(r"(fct|dim|rpt)_[a-z_]+")
    problems(
        [
            node["name"]
            for node in models
            if not node["name"].startswith(LAYERS.get(layer(node), ""))
            or (layer(node) == "marts" and not marts.fullmatch(node["name"]))
        ]
    )


def test_layers_read_downwards_only(manifest, models):
    every = {**manifest["nodes"], **manifest["sources"]}
    problems(
        [
            f"{node['name']} reads {every[parent]['name']}"
            for node in models
            for parent in node["depends_on"]["nodes"]
            if layer(every[parent]) not in MAY_READ[layer(node)]
        ]
    )


def test_each_model_has_a_yml_beside_it_and_says_its_grain(models):
    found = []
    for node in models:
        sql = DBT_PROJECT_DIR / node["original_file_path"]
        if not sql.with_suffix(".yml").is_file():
            found.append(f"{node['name']} has no yml beside it")
        if not node["description"].startswith("One row per "):
            found.append(f"{node['name']} does not say what a row is")
    problems(found)


def test_marts_and_published_describe_and_enforce_every_column(models):
    chosen = [node for node in models if layer(node) in {"marts", "published"}]
    assert len(chosen) > 40
    found = [
        node["name"] for node in chosen if not (node["config"]["contract"] or {}).get("enforced")
    ]
    found += [
        f"{node['name']}.{column['name']}"
        for node in chosen
        for column in node["columns"].values()
        if not column["description"] or not column["data_type"]
    ]
    problems(found)


def test_facts_and_dimensions_test_their_keys(manifest, models):
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name")
        in {"unique_and_present", "unique_combination_of_columns"}
    }
    problems(
        [
            node["name"]
            for node in models
            if layer(node) == "marts" and node["unique_id"] not in tested
        ]
    )


def test_every_test_is_a_check_of_an_asset(manifest):
    """Dagster runs what is a check; a test that names a model it does not read is none."""
    from pipelines.warehouse.assets import dbt_models

    checks = {spec.metadata["dagster_dbt/unique_id"] for spec in dbt_models.check_specs}
    nodes = manifest["nodes"].items()
    problems(
        [name for name, node in nodes if node["resource_type"] == "test" and name not in checks]
    )


def test_published_columns_declare_their_privacy(models):
    found = []
    for node in (node for node in models if layer(node) == "published"):
        audience = node["fqn"][2]
        assert node["schema"] == audience
        assert node["name"] == f"published_{audience}__{node['alias']}"
        for column in node["columns"].values():
            privacy = column["config"]["meta"]["privacy"]
            allowed = {"none", "aggregate"} if audience == "marketing" else CLASSES
            if node["alias"] == "audience_members":
                # A list says of each person in which segment they are: that is what it is for.
                allowed |= {"user_key": {"pseudonym"}, "lifecycle_segment": {"sensitive"}}.get(
                    column["name"], set()
                )
            complete = (
                privacy["class"] in allowed
                and privacy["role"] in ROLES
                and privacy["subject"] in SUBJECTS
                and privacy["audience"] == [audience]
                and privacy["purpose"]
                and privacy["retention_days"] > 0
            )
            if not complete:
                found.append(f"{node['name']}.{column['name']}: {privacy}")
    problems(found)


def test_no_name_or_raw_number_is_published(models):
    forbidden = re.compile(
        r"(source_file|member|file_member|.*_at|.*openid.*|transaction_id|out_trade_no"
        r"|merchant_order_id|error_code|error_sub_code|provider_state|account)"
    )
    problems(
        [
            f"{node['name']}.{column}"
            for node in models
            if layer(node) == "published"
            for column in node["columns"]
            if forbidden.fullmatch(column)
        ]
    )


def test_marketing_tables_about_people_count_them(manifest, models):
    guarded = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "enough_people"
    }
    problems(
        [
            node["name"]
            for node in models
            if node["schema"] == "marketing"
            and "users" in node["columns"]
            and node["unique_id"] not in guarded
        ]
    )


def test_every_test_says_its_rule_and_what_a_finding_means(manifest):
    """A check that had passed told in the UI that orders do not add up."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    rules = {node["name"]: rule_of(node) or "" for node in tests}
    problems([name for name, rule in rules.items() if not rule or "None" in rule])
    assert rules["assert_orders_add_up"].startswith("Fails when this is found: Orders do not hold")
    assert rules["warn_refunds_above_payment"].startswith("Warns when this is found: ")
    assert rules["unique_and_present_fct_payments_order_key"] == "Every row has its own order_key."


def test_columns_of_the_analysis_are_described_where_they_are_published(manifest):
    described = shown._words("analysis.user_segments")
    assert described["lifecycle_segment"]
    assert shown._words("analysis.suspicious_payments")["case_key"]
    # Of one row per user, not of a segment's.
    profiles = manifest["nodes"]["model.wallet.published_analyst__user_profiles"]["columns"]
    assert described["net_amount"] == profiles["net_amount"]["description"]


def test_metric_definitions_cover_both_languages(models):
    with (DBT_PROJECT_DIR / "seeds/metric_definitions.csv").open(encoding="utf-8") as stream:
        metrics = list(csv.DictReader(stream))
    assert len(metrics) >= 25
    problems(
        [row["metric_id"] for row in metrics if not re.search(r"[\u4e00-\u9fff]", row["label_zh"])]
    )
    # A measure that marketing sees has a definition under its own name.
    defined = {row["metric_id"] for row in metrics}
    measures = {
        name
        for node in models
        if node["schema"] == "marketing"
        and node["alias"] in {"wallet_performance", "segment_summary"}
        for name, column in node["columns"].items()
        if column["config"]["meta"]["privacy"]["role"] == "measure"
    }
    counts = {
        "succeeded",
        "failed",
        "unknown",
        "orders",
        "orders_succeeded",
        "rate_low",
        "rate_high",
    }
    assert measures - counts <= defined


def test_sql_keeps_to_what_engines_share(models):
    """Constructs that other engines lack or answer otherwise (scale_out.md 3) stay in macros.

    Finding 8: DuckDB 2 refuses the old arrow of lambdas.
    """
    banned = {
        "::": r"::(?!')",
        "qualify": r"\bqualify\b",
        "exclude": r"\*\s*exclude\b",
        "group by all": r"group by all",
        "filter (where": r"filter\s*\(",
        "concat()": r"\bconcat\(",
        "read_parquet": r"read_parquet",
        "quoted name": r'"[a-z_]+"',
        "approximate": r"\bapprox_",
        "lambda arrow": r"\(\w+\s*->|,\s*\w+\s*->",
    }
    found = []
    for node in models:
        sql = re.sub(r"--.*|\{\{.*?\}\}", "", node["raw_code"])
        found += [
            f"{node['name']}: {name}" for name, pattern in banned.items() if re.search(pattern, sql)
        ]
    problems(found)
