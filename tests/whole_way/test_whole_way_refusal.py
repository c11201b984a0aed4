"""A phone number on its way into a published column: nothing is published, the column named."""

from __future__ import annotations

import shutil

import pytest

from pipelines.publish.release import ReleaseError, publish
from pipelines.settings import Workspace
from pipelines.warehouse import built
from pipelines.warehouse.connect import connect

# A made-up number in the form of a Chinese mobile number. Digits may be a version, so ingest lets
# them pass; it is the audit that knows a phone number.
# Six people share it: what fewer share is not published at all.
LEAK = (
    "attempt_id,merchant_order_id,provider,attempted_at,outcome,amount,currency,user_id,app_version\n"
) + "".join(
    f"LEAK-{n},LEAK-ORDER-{n},alipay,2026-03-31T12:00:00+08:00,succeeded,10.00,CNY,U{n},13812345678\n"
    for n in range(6)
)


def listing(folder):
    return {p.relative_to(folder): p.stat().st_mtime_ns for p in folder.rglob("*")}


_A_TEST = "unique_and_present_fct_refunds_refund_key"
# Some days' bills beside it: enough to build every table from, and no model takes long.
BILLS = "wechat_pay/*2026-03-1*"


def test_publish_refuses_names_the_column_and_changes_nothing(sample_run, whole_way, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(sample_run.workspace.releases, root / "releases", symlinks=True)
    landing = tmp_path / "landing"
    landing.mkdir()
    for bill in sample_run.workspace.inputs.glob(BILLS):
        shutil.copy(bill, landing)
    (landing / "attempts.csv").write_text(LEAK, encoding="utf-8")
    settings = sample_run.settings.model_copy(update={"data_dir": tmp_path})
    workspace = Workspace("merchant", landing, root, settings)
    before = listing(workspace.releases)

    run = whole_way(settings, workspace)

    assert not run.success
    assert run.quarantined == 0
    assert "fct_payment_attempts" in run.printed
    assert "app_version" in run.printed
    assert "13812345678" not in run.printed
    assert listing(workspace.releases) == before

    # A test that fails is forgotten: whoever then publishes alone does not walk past it.
    with connect(workspace) as connection:
        known = built.standing(connection, {})
        built.forget(connection, [node for node in known if _A_TEST in node])
    with pytest.raises(ReleaseError, match=rf"did not pass \(1: {_A_TEST}"):
        publish(workspace)
    assert listing(workspace.releases) == before
