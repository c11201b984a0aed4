"""The models' documentation in a release: what it shows, what it keeps at home, what stops it."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from pipelines.privacy.policy import AUDIENCES
from pipelines.publish.pointer import ReleaseError
from pipelines.publish.release import PublishRefused
from pipelines.publish.shown_manifest import reduced_manifest
from pipelines.publish.signature import trusted_key
from pipelines.publish.verification import verify_releases
from pipelines.warehouse.dbt_project import manifest_path

SECRET = "/home/merchant/wechat/data"


@pytest.fixture(scope="module")
def project() -> dict:
    """The manifest of the real project."""
    return json.loads(manifest_path().read_bytes())


def documents(page: Path) -> dict[str, dict]:
    """The data in a page, as its script reads it."""
    found = re.findall(
        r'<script type="application/json" id="(\w+)">(.*?)</script>', page.read_text("utf-8")
    )
    return {name: json.loads(text) for name, text in found}


def test_what_is_published_and_what_it_is_made_from(project):
    shown = reduced_manifest(project)
    published = {name for name, node in project["nodes"].items() if node["schema"] in AUDIENCES}
    assert len(published) > 100
    assert published <= set(shown["nodes"])
    payments = shown["nodes"]["model.wallet.published_analyst__fct_payments"]
    original = project["nodes"]["model.wallet.published_analyst__fct_payments"]
    assert payments["raw_code"] == original["raw_code"]
    assert payments["columns"]["order_key"]["meta"]["privacy"]["class"] == "pseudonym"
    assert payments["depends_on"]["nodes"] == ["model.wallet.fct_payments"]
    # Lineage leads back to the lake without a gap, and tests are there with all they look at.
    for unique_id, parents in shown["parent_map"].items():
        assert all(parent in shown["child_map"] for parent in parents), unique_id
    assert "source.wallet.lake.wechat_trade_bill" in shown["sources"]
    kinds = {node["resource_type"] for node in shown["nodes"].values()}
    assert kinds == {"model", "seed", "test"}
    assert shown["unit_tests"]
    assert all(name.startswith("macro.wallet.") for name in shown["macros"])
    assert "macro.wallet.metric" in shown["macros"]


def test_another_parse_of_the_same_project_gives_the_same_page(project):
    """dbt lists a model's sources as a set gave them."""
    parsed_again = copy.deepcopy(project)
    for node in parsed_again["nodes"].values():
        node.get("sources", []).reverse()
    assert parsed_again != project
    assert reduced_manifest(parsed_again) == reduced_manifest(project)


def test_what_stays_at_home(project):
    """Planted wherever dbt puts paths, people and compiled SQL, and in a key of a later dbt."""
    planted = copy.deepcopy(project)
    for section in ("nodes", "sources", "macros", "unit_tests"):
        for node in planted[section].values():
            for key in ("compiled_code", "compiled_path", "build_path", "root_path", "new_in_2"):
                node[key] = SECRET
            node["relation_name"] = f'"{SECRET}"."marts"."x"'
            node["database"] = SECRET
            for place in ("config", "unrendered_config"):
                node[place] = {**(node.get(place) or {}), "location": SECRET, "env": SECRET}
            node["meta"] = {**(node.get("meta") or {}), "dagster": {"path": SECRET}}
            for column in (node.get("columns") or {}).values():
                column["config"] = {**(column.get("config") or {}), "path": SECRET}
    planted["metadata"] |= {"env": {"A": SECRET}, "user_id": SECRET, "invocation_id": SECRET}
    planted["vars"] = planted["disabled"] = {"A": SECRET}
    shown = reduced_manifest(planted)
    assert SECRET not in json.dumps(shown)
    assert shown == reduced_manifest(project)


def test_page_of_a_release(last):
    page = documents(last.docs)
    node = "model.wallet.published_analyst__fct_payments"
    columns = page["catalog"]["nodes"][node]["columns"]
    assert columns["amount"]["type"] == "DECIMAL(18,4)"
    assert columns["wallet"]["comment"] == "What wallet says."
    assert page["catalog"]["nodes"][node]["stats"]["num_rows"]["value"] == 3000
    (overview,) = page["manifest"]["docs"].values()
    assert f"[fct_payments](#!/model/{node})" in overview["block_contents"]
    assert f'href="docs.html#!/model/{node}"' in last.dictionary.read_text("utf-8")
    # What changed is data; two releases of the same tables have the same page.
    assert last.release_id not in last.docs.read_text("utf-8")


def test_a_page_that_was_changed_is_not_verified(workspace, last):
    trusted = trusted_key(workspace)
    assert verify_releases(workspace.releases, trusted).release == last
    last.docs.chmod(0o644)
    last.docs.write_text(last.docs.read_text("utf-8").replace("What wallet", "Wh4t wallet"))
    with pytest.raises(ReleaseError, match=r"docs\.html is not what was audited"):
        verify_releases(workspace.releases, trusted)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("description", "Ask 王芳, 13800138000."),
        ("raw_code", "select * from x where payer = 'fang.wang@example.com'"),
    ],
)
def test_a_person_in_a_model_behind_stops_the_release(workspace, manifest, publishing, key, text):
    """No published file holds this text: only this page would have told it."""
    document = json.loads(manifest.read_bytes())
    behind = document["nodes"]["model.wallet.fct_payments"]
    behind[key] = text
    shown = document["nodes"]["model.wallet.published_analyst__fct_payments"]
    shown["depends_on"] = {"nodes": ["model.wallet.fct_payments"]}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(PublishRefused, match=r"docs\.html  \[PAGE-2\]"):
        publishing()
    assert not list(workspace.releases.glob("2*"))
