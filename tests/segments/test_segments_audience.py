"""A list of people from the samples' release: chosen, audited, taken away, mapped back, logged."""

from __future__ import annotations

import contextlib
import itertools
import json
import stat
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.ingest.private import open_to_others
from pipelines.ingest.pseudonyms import load_key
from pipelines.ingest.resolve import ResolveError, resolve
from pipelines.publish.audience import AudienceError, AudienceFilter, make_audience
from pipelines.publish.audience_overlap import few_apart, without_few
from pipelines.publish.pointer import open_published
from pipelines.settings import Settings

pytestmark = pytest.mark.usefixtures("self_tested_once")


@pytest.fixture(scope="module")
def workspace(sample_run):
    assert sample_run.success
    return sample_run.workspace


@pytest.fixture(scope="module")
def customers(workspace, tmp_path_factory) -> Path:
    """The invented merchant's own customer ids, as its attempt log holds them."""
    ids = set()
    for path in workspace.inputs.rglob("*attempt*"):
        if ".csv" in path.name:
            ids |= set(pl.read_csv(path, infer_schema=False)["user_id"].drop_nulls())
    assert len(ids) > 500
    path = tmp_path_factory.mktemp("crm") / "customers.csv"
    pl.DataFrame({"user_id": sorted(ids), "note": ["regular"] * len(ids)}).write_csv(path)
    return path


def wanted_keys(workspace, condition: str) -> list[str]:
    with open_published(workspace, "analyst") as con:
        rows = con.execute(
            f"select user_key::varchar from user_profiles where {condition} order by 1"
        ).fetchall()
    return [key for (key,) in rows]


def test_segments_audience_is_the_segment_narrowed_down(workspace):
    made = make_audience(
        workspace,
        "slipping-alipay",
        AudienceFilter(segment=("at_risk", "about_to_sleep"), wallet=("alipay",)),
    )
    expected = wanted_keys(
        workspace,
        "lifecycle_segment in ('at_risk', 'about_to_sleep') and chosen_wallet = 'alipay'",
    )
    assert made.path.read_text("utf-8").split("\n") == ["user_key", *expected, ""]
    assert made.members == len(expected) >= 10
    audit = json.loads(made.audit.read_text("utf-8"))
    assert audit["report"]["verdict"] == "pass"
    assert {"SDC-1", "PSE-1"} <= {check["id"] for check in audit["report"]["checks"]}
    logged = (made.path.parent / "log.jsonl").read_text("utf-8").splitlines()
    entry = json.loads(logged[-1])
    assert entry["members"] == made.members
    assert entry["filters"] == {"segment": ["at_risk", "about_to_sleep"], "wallet": ["alipay"]}
    assert sorted(path.suffix for path in made.path.parent.iterdir()) == [
        ".csv",
        ".json",
        ".jsonl",
    ]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (AudienceFilter(segment=("at_risks",)), "Nobody has --segment 'at_risks'.*at_risk"),
        (AudienceFilter(segment=("cant_lose",), language=("en",)), "fewer than 10 people"),
        (AudienceFilter(chance_30_days=0.5), "too little history"),
    ],
)
def test_segments_audience_that_cannot_be_made_says_why(workspace, wanted, message):
    with pytest.raises(AudienceError, match=message):
        make_audience(workspace, "refused", wanted)
    assert not list((workspace.root / "audiences").glob("refused*"))


def test_segments_audience_names_are_file_names(workspace):
    with pytest.raises(AudienceError, match="cannot name a list"):
        make_audience(workspace, "../outside", AudienceFilter())


def test_segments_audience_is_mapped_back_where_the_key_is(workspace, customers, tmp_path):
    made = make_audience(workspace, "loyal", AudienceFilter(segment=("loyal",)))
    out = tmp_path / "loyal.csv"
    resolved = resolve(workspace, made.path, customers, out, "thank-you mail")
    found = pl.read_csv(out, infer_schema=False)
    key = load_key(workspace.settings, create=False)
    listed = set(made.path.read_text("utf-8").split()[1:])
    assert resolved.wanted == made.members
    assert found.columns == ["user_id", "note", "user_key"]
    assert found.height == resolved.found > 0
    assert set(found["user_key"]) <= listed
    assert all(key.pseudonym("subject", row["user_id"]) == row["user_key"]
               for row in found.rows(named=True))  # fmt: skip
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    # Before the next run closes what the shell's mode left open: `wallet doctor` named them.
    assert open_to_others(workspace.root / "audiences") == []
    log = (workspace.root / "audiences" / "resolved.jsonl").read_text("utf-8")
    entry = json.loads(log.splitlines()[-1])
    assert entry["purpose"] == "thank-you mail"
    assert (entry["people_on_list"], entry["people_found"]) == (made.members, resolved.found)
    assert not [name for name in found["user_id"] if name in log]
    published = [path.read_bytes() for path in workspace.releases.rglob("*") if path.is_file()]
    for name in found["user_id"][:20]:
        assert not [content for content in published if name.encode() in content]


def test_segments_resolving_with_another_key_finds_nobody_and_is_logged(
    workspace, customers, tmp_path
):
    made = make_audience(workspace, "loyal", AudienceFilter(segment=("loyal",)))
    other = Settings(
        data_dir=tmp_path,
        workspace="merchant",
        pseudonym_key="2d81ce74a05f9d3b688c17e0a5f4936b5d0c7a91e2b84f36a7d1c05e9b3f62d4",
    )
    with pytest.raises(ResolveError, match="Is this the key"):
        resolve(other.open_workspace(), made.path, customers, tmp_path / "x.csv", "a test")
    assert not (tmp_path / "x.csv").exists()
    log = (tmp_path / "audiences" / "resolved.jsonl").read_text("utf-8")
    assert json.loads(log)["people_found"] == 0


def test_segments_resolve_refuses_wrong_files_with_line_and_remedy(workspace, customers, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("user_key\n0f8b1c2d-3e4f-5061-7283-94a5b6c7d8e9\n", "utf-8")
    bad.write_text("user_key\n0f8b1c2d-3e4f-5061-7283-94a5b6c7d8e9\n13800138000\n", "utf-8")
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("customer\n17\n", "utf-8")
    cases = [
        (bad, customers, tmp_path / "o.csv", "a test", "line 3: expected a pseudonym"),
        (nameless, customers, tmp_path / "o.csv", "a test", "expected a column user_key"),
        (good, nameless, tmp_path / "o.csv", "a test", "expected a column user_id"),
        (good, customers, tmp_path / "o.csv", " ", "--purpose"),
        (good, customers, customers, "a test", "exists"),
        (good, customers, workspace.releases / "o.csv", "a test", "among the published"),
        (tmp_path / "none.csv", customers, tmp_path / "o.csv", "a test", "cannot be read"),
    ]
    for audience, people, out, purpose, message in cases:
        with pytest.raises(ResolveError, match=message):
            resolve(workspace, audience, people, out, purpose)
    assert not (tmp_path / "o.csv").exists()


def test_segments_commands_of_the_marketer_and_of_the_key_holder(
    workspace, customers, tmp_path, monkeypatch
):
    settings = workspace.settings
    monkeypatch.setenv("WALLET_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    monkeypatch.setenv("WALLET_PSEUDONYM_KEY", settings.pseudonym_key)
    run = CliRunner().invoke
    made = run(app, ["audience", "--segment", "champions", "--not-refund-prone"])
    assert made.exit_code == 0, made.output
    path = made.output.split("\n")[1].strip()
    back = run(
        app,
        ["resolve", path, "--customers", str(customers), "--purpose", "early access",
         "--out", str(tmp_path / "back.csv")],
    )  # fmt: skip
    assert back.exit_code == 0, back.output
    assert "people found; this was logged" in back.output
    wrong = run(app, ["audience", "--segment", "champion"])
    assert wrong.exit_code == 1
    assert "Traceback" not in wrong.output
    shown = run(app, ["thresholds"])
    assert shown.exit_code == 0, shown.output
    assert "(14, 30, 60, 120)" in shown.output
    refused = run(app, ["thresholds", "--adopt"])
    assert refused.exit_code == 1


def test_no_two_lists_of_a_release_tell_something_of_few(workspace):
    """The attack: narrow filters until two lists differ by somebody; also against the segments."""
    for name, wanted in {
        "apart-1": AudienceFilter(wallet=("alipay",)),
        "apart-2": AudienceFilter(wallet=("alipay",), language=("zh-CN",)),
        "apart-3": AudienceFilter(os=("ios",)),
        "apart-4": AudienceFilter(wallet=("alipay",), os=("ios",), refund_prone=False),
        "apart-5": AudienceFilter(hurt_by_failures=False),
    }.items():
        with contextlib.suppress(AudienceError):
            make_audience(workspace, name, wanted)
    folder = workspace.root / "audiences"
    lists = {
        path.name: set(path.read_text("utf-8").split()[1:]) for path in folder.glob("apart-*.csv")
    }
    assert len(lists) >= 3
    with open_published(workspace, "marketing") as con:
        for segment, key in con.execute("from audience_members").fetchall():
            lists.setdefault(segment, set()).add(str(key))
    for one, other in itertools.permutations(lists, 2):
        for group in (lists[one] - lists[other], lists[one] & lists[other]):
            assert not 0 < len(group) < 10, (one, other)
    audits = [json.loads(path.read_text("utf-8")) for path in folder.glob("apart-*.audit.json")]
    assert any(audit["compared_with"]["left_out"] for audit in audits)


def test_another_list_under_a_name_that_is_out_is_refused(workspace):
    """Replacing a file would hide the list that somebody took away before."""
    wanted = AudienceFilter(segment=("loyal",))
    made = make_audience(workspace, "named", wanted)
    assert make_audience(workspace, "named", wanted).members == made.members
    with pytest.raises(AudienceError, match="another name"):
        make_audience(workspace, "named", AudienceFilter(segment=("loyal",), wallet=("alipay",)))


PEOPLE = st.frozensets(st.integers(0, 60).map(lambda n: f"{n:02}"), max_size=60)


@given(PEOPLE, st.dictionaries(st.sampled_from("abcd"), PEOPLE, max_size=4), st.integers(2, 12))
def test_whatever_lists_are_out_the_next_one_tells_of_enough(members, others, minimum):
    kept = without_few(members, others, minimum)
    assert kept <= members
    if kept:
        assert list(few_apart(kept, others, minimum)) == []
    if not list(few_apart(members, others, minimum)):
        assert kept == members
