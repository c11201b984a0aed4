"""The attempt log and the planted truth: what is said to be planted is in the files."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from plain_readers import Simulated, alipay_rows, read_alipay, read_log, read_wechat

from pipelines.simulate import simulate

REQUIRED = ("attempt_id", "merchant_order_id", "provider", "attempted_at", "outcome", "amount")


@pytest.fixture(scope="module")
def log(samples: Simulated) -> list[dict]:
    files = [entry for entry in samples.truth.files if entry.source == "payment_attempts"]
    assert [entry.kind for entry in files] == ["csv", "jsonl", "parquet"]
    rows = []
    for entry in files:
        part = read_log(samples.folder / entry.path)
        assert len(part) == entry.rows
        assert sum(row["amount"] for row in part) == entry.totals["amount"]
        rows += part
    return rows


@pytest.fixture(scope="module")
def billed(samples: Simulated) -> dict[tuple[str, str], Decimal]:
    """(provider, merchant order) -> amount of every payment in a bill."""
    found = {}
    for entry in samples.truth.files:
        if entry.source == "wechat_trade_bill" and entry.kind == "ALL":
            for row in read_wechat(samples.folder / entry.path)[0]:
                if row["交易状态"] == "SUCCESS":
                    found["wechat_pay", row["商户订单号"]] = Decimal(row["订单金额"])
        elif entry.source == "alipay_trade_bill":
            for row in alipay_rows(read_alipay(samples.folder / entry.path)["业务明细"]):
                if row["业务类型"] == "交易":
                    found["alipay", row["商户订单号"]] = Decimal(row["订单金额（元）"])
    return found


def test_log_keeps_its_contract(samples, log):
    truth = samples.truth
    assert len(log) == truth.attempts
    assert abs(len(log) - 20_000) < 200
    assert len({row["attempt_id"] for row in log}) == len(log)
    for row in log:
        assert all(row[name] for name in REQUIRED)
        assert row["currency"] == "CNY"
        assert datetime.fromisoformat(row["attempted_at"]).utcoffset() is not None
    assert Counter(row["outcome"] for row in log) == truth.attempts_by_outcome
    assert sum(row["amount"] for row in log) == truth.attempt_amount
    assert sum(str(row["is_test"]).lower() == "true" for row in log) == truth.test_attempts > 0
    share = truth.attempts_by_outcome["unknown"] / truth.attempts
    assert 0.01 < share < 0.05


def test_failures_carry_a_code_or_a_state_that_tells(log):
    for row in log:
        told = row["error_sub_code"] or row["error_code"] or row["provider_state"]
        assert told
        assert (row["error_message"] is None) or row["outcome"] != "succeeded"
        assert (row["finished_at"] is None) == (row["outcome"] == "unknown")
    codes = {row["error_sub_code"] or row["error_code"] for row in log}
    assert {"NOTENOUGH", "SYSTEMERROR", "USERPAYING", "AUTHCODEEXPIRE"} <= codes
    assert {"ACQ.BUYER_BALANCE_NOT_ENOUGH", "ACQ.SYSTEM_ERROR"} <= codes


def test_retries_follow_their_attempt_within_the_order(samples, log):
    by_id = {row["attempt_id"]: row for row in log}
    retries = [row for row in log if row["retry_of"]]
    assert len(retries) == samples.truth.attempts - len({row["merchant_order_id"] for row in log})
    for row in retries:
        before = by_id[row["retry_of"]]
        assert before["merchant_order_id"] == row["merchant_order_id"]
        assert before["outcome"] != "succeeded"
        assert datetime.fromisoformat(before["attempted_at"]) < datetime.fromisoformat(
            row["attempted_at"]
        )


def test_bills_confirm_what_the_log_and_the_truth_say(samples, log, billed):
    """A payment is in a bill when its attempt succeeded, late ones included, tests excluded."""
    truth = samples.truth
    late, confirmed = set(), set()
    last = {(row["provider"], row["merchant_order_id"]): row for row in log}
    for row in log:
        key = (row["provider"], row["merchant_order_id"])
        if row["outcome"] == "succeeded":
            is_test = str(row["is_test"]).lower() == "true"
            assert (key in billed) != is_test
            confirmed.add(key)
    for key in billed.keys() - confirmed:
        if key in last:
            late.add(last[key]["attempt_id"])
            assert last[key]["amount"] == billed[key]
    assert late == set(truth.late_success_attempt_ids)
    assert len(late) > 50
    without = [key for key in billed if key not in last]
    assert len(without) == sum(part.payments_without_attempt for part in truth.providers.values())
    assert 0.01 < len(without) / len(billed) < 0.03


def test_orders_and_recoveries_of_the_truth(samples, log):
    orders = defaultdict(list)
    for row in log:
        if str(row["is_test"]).lower() == "false":
            orders[row["merchant_order_id"]].append(row)
    truth = samples.truth
    first = sum(rows[0]["outcome"] == "succeeded" for rows in orders.values())
    regained = [
        rows
        for rows in orders.values()
        if rows[0]["outcome"] != "succeeded" and rows[-1]["outcome"] == "succeeded"
    ]
    moved = sum(rows[0]["wallet"] != rows[-1]["wallet"] for rows in regained)
    assert len(orders) == truth.orders
    assert first == truth.orders_first_attempt_success
    assert (len(regained), moved) == (
        truth.orders_recovered,
        truth.orders_recovered_by_other_wallet,
    )
    assert moved > 100


def test_planted_causes_show(samples, log):
    truth = samples.truth
    resolved = [row for row in log if row["outcome"] != "unknown"]

    def failure_rate(rows: list[dict]) -> float:
        return sum(row["outcome"] == "failed" for row in rows) / len(rows)

    in_app = [row for row in resolved if row["channel"] == "app"]
    bad = [row for row in in_app if row["app_version"] == truth.bad_version]
    good = [row for row in in_app if row["app_version"] != truth.bad_version]
    assert failure_rate(bad) > 2 * failure_rate(good)

    shanghai = timezone(timedelta(hours=8))
    begins = truth.incident_start.replace(tzinfo=shanghai)
    ends = truth.incident_end.replace(tzinfo=shanghai)
    window = [
        row
        for row in log
        if row["provider"] == truth.incident_wallet
        and begins <= datetime.fromisoformat(row["attempted_at"]) < ends
    ]
    not_paid = sum(row["outcome"] != "succeeded" for row in window)
    assert len(window) > 20
    assert not_paid / len(window) > 0.5


def test_a_model_can_learn_from_the_first_months(log):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    rows = [row for row in log if row["outcome"] != "unknown"]
    names = ("wallet", "channel", "app_version", "region", "bank", "language", "is_new_device")
    values = sorted({(name, str(row[name])) for row in rows for name in names})
    place = {value: position for position, value in enumerate(values)}
    features = np.zeros((len(rows), len(values) + 1))
    for position, row in enumerate(rows):
        features[position, [place[name, str(row[name])] for name in names]] = 1
        features[position, -1] = np.log(float(row["amount"]))
    failed = np.array([row["outcome"] == "failed" for row in rows])
    cut = int(len(rows) * 0.7)
    model = LogisticRegression(max_iter=300).fit(features[:cut], failed[:cut])
    assert roc_auc_score(failed[cut:], model.predict_proba(features[cut:])[:, 1]) > 0.68


def test_users_are_skewed_and_come_and_go(samples, log):
    orders = defaultdict(set)
    for row in log:
        if row["user_id"]:
            orders[row["user_id"]].add(row["merchant_order_id"])
    counts = sorted((len(found) for found in orders.values()), reverse=True)
    assert sum(count == 1 for count in counts) / len(counts) > 0.45
    assert sum(counts[: len(counts) // 10]) / sum(counts) > 0.4
    assert len(counts) <= samples.truth.users


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    def hashes(name: str, seed: int) -> dict[str, str]:
        folder = tmp_path / name
        simulate(folder, seed=seed, attempts=1_000, months=1, layout="compact")
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    once, again, other = hashes("a", 3), hashes("b", 3), hashes("c", 4)
    assert once == again
    assert not set(once.values()) & set(other.values())


def test_any_start_and_length(tmp_path):
    truth = simulate(
        tmp_path, seed=5, attempts=800, months=2, start=date(2025, 11, 20), layout="daily"
    )
    assert (truth.start, truth.end) == (date(2025, 11, 20), date(2026, 1, 1))
    assert min(entry.first_day for entry in truth.files) == truth.start
    assert max(entry.last_day for entry in truth.files) == date(2025, 12, 31)


@pytest.mark.parametrize(("attempts", "months"), [(99, 3), (1_000, 0), (1_000, 25)])
def test_refuses_senseless_sizes(tmp_path, attempts, months):
    with pytest.raises(ValueError, match="must be"):
        simulate(tmp_path, seed=1, attempts=attempts, months=months)
