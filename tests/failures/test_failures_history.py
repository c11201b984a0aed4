"""What the model may know: only what was known strictly before the attempt."""

from __future__ import annotations

from pipelines.failures.history import (
    CATEGORICAL,
    FEATURES,
    prepare_attempts,
    read_attempts,
    split_in_time,
)


def previous_failures(con) -> dict[str, float | None]:
    prepare_attempts(con, "CNY")
    rows = con.execute(
        """
        select attempted_at, previous_failures
        from known_before inner join marts.fct_payment_attempts using (attempt_key)
        """
    ).fetchall()
    return {str(at): count for at, count in rows}


def test_failures_history_is_strictly_before_and_of_the_same_user(con, add_attempt):
    add_attempt(1, "o1", "u1", "failed", at="2026-03-01 10:00:00")
    add_attempt(2, "o2", "u1", "failed", at="2026-03-02 10:00:00")
    # The same instant: neither of the two could know of the other.
    add_attempt(3, "o3", "u1", "failed", at="2026-03-02 10:00:00")
    add_attempt(4, "o4", "u2", "failed", at="2026-03-02 11:00:00")
    add_attempt(5, "o5", "u1", "succeeded", at="2026-03-03 10:00:00")
    # A second more than 30 days after the first failure, which no longer counts.
    add_attempt(6, "o6", "u1", "succeeded", at="2026-03-31 10:00:01")
    add_attempt(7, "o7", None, "failed", at="2026-04-01 12:00:00")
    add_attempt(8, "o8", None, "failed", at="2026-04-01 13:00:00")
    assert previous_failures(con) == {
        "2026-03-01 10:00:00": 0,
        "2026-03-02 10:00:00": 1,
        "2026-03-02 11:00:00": 0,
        "2026-03-03 10:00:00": 3,
        "2026-03-31 10:00:01": 2,
        "2026-04-01 12:00:00": None,
        "2026-04-01 13:00:00": None,
    }


def test_failures_history_counts_what_was_logged_at_the_time(con, add_attempt):
    add_attempt(1, "o1", "u1", "failed", resolved_outcome="succeeded", at="2026-03-01 10:00:00")
    add_attempt(2, "o2", "u1", "unknown", at="2026-03-01 11:00:00")
    add_attempt(3, "o3", "u1", "failed", is_test=True, at="2026-03-01 12:00:00")
    add_attempt(4, "o4", "u1", "succeeded", at="2026-03-01 13:00:00")
    assert previous_failures(con) == {"2026-03-01 10:00:00": 0, "2026-03-01 13:00:00": 1}


def test_failures_nothing_known_only_afterwards_is_a_feature():
    afterwards = {
        "outcome",
        "resolved_outcome",
        "provider_state",
        "error_code",
        "error_sub_code",
        "failure_category",
        "latency_ms",
        "finished_at",
        "step_up",
        "is_late_success",
        "confirmed_by_bill",
        "attempts_in_order",
        "is_last_attempt",
    }
    assert not afterwards & set(FEATURES)
    assert set(CATEGORICAL) < set(FEATURES)


def test_failures_features_do_not_change_when_the_future_does(generate):
    con = generate(attempts=800)
    prepare_attempts(con, "CNY")
    read = f"""
        select attempt_key, {", ".join(FEATURES)} from known_before
        where business_date < date '2026-04-01' order by attempt_key
    """
    before = con.execute(read).fetchall()
    con.execute(
        """
        update marts.fct_payment_attempts set outcome = 'failed', resolved_outcome = 'failed'
        where business_date >= date '2026-04-01'
        """
    )
    prepare_attempts(con, "CNY")
    assert con.execute(read).fetchall() == before
    assert len(before) > 300


def test_failures_split_is_in_time_and_shares_no_day(generate):
    con = generate(attempts=800)
    resolved = prepare_attempts(con, "CNY")
    split = split_in_time(con)
    assert split.trained_from < split.trained_to < split.tested_from < split.tested_to
    train = read_attempts(con, split.trained_from, split.trained_to, 10_000)
    test = read_attempts(con, split.tested_from, split.tested_to, 10_000)
    assert train.height + test.height == resolved
    assert 0.7 < train.height / resolved < 0.8
    fewer = read_attempts(con, split.trained_from, split.trained_to, 50)
    assert fewer.height == 50
    assert fewer.equals(read_attempts(con, split.trained_from, split.trained_to, 50))


def test_failures_one_day_cannot_be_split(con, add_attempt):
    add_attempt(1, "o1", "u1", "failed")
    add_attempt(2, "o2", "u1", "succeeded")
    prepare_attempts(con, "CNY")
    assert split_in_time(con) is None


def test_failures_amounts_of_other_currencies_are_missing_not_mixed(con, add_attempt):
    add_attempt(1, "o1", "u1", "failed", amount=7, currency="USD")
    prepare_attempts(con, "CNY")
    assert con.execute("select amount, weekday from known_before").fetchall() == [(None, 7.0)]
