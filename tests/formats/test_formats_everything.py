"""A simulated merchant and every export there is, in one folder under names that tell nothing."""

from __future__ import annotations

import random

import pytest
from fixtures import FIXTURES, OPTIONS
from ingest_merchant import Merchant

from pipelines.formats.catalogue import all_formats
from pipelines.simulate import simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Merchant:
    root = tmp_path_factory.mktemp("everything")
    written = simulate(root / "out", seed=5, attempts=600, months=1, providers="all")
    simulated = [path.read_bytes() for path in sorted((root / "out").rglob("*")) if path.is_file()]
    own = {file.source for file in written.files}
    # What the simulation does not write: personal statements, Stripe's API, overseas bills, …
    others = [content for source, content in FIXTURES.values() if source not in own]
    assert others
    contents = [*simulated, *others]
    chance = random.Random(5)
    chance.shuffle(contents)
    options = OPTIONS | {"mixpanel_events.time_zone": "UTC"}
    merchant = Merchant(root / "data", format_options=options)
    for content in contents:
        merchant.put(f"{chance.getrandbits(64):016x}", content)
    merchant.summary = merchant.ingest()
    return merchant


def test_every_format_is_recognised_in_one_folder(folder):
    assert folder.summary.files_quarantined == ()
    assert set(folder.files()["source"]) == {spec.source for spec in all_formats()}


def test_every_control_total_of_the_folder_matches(folder):
    totals = folder.totals()
    assert totals.height > 500
    assert totals.filter(~totals["matched"]).height == 0
    files = folder.files()
    counted = files["rows_loaded"] + files["rows_rejected"] + files["rows_irrelevant"]
    assert (files["rows_in_file"] == counted).all()
