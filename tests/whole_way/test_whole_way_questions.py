"""The README's ten questions still have the answers that stand below them."""

from __future__ import annotations

import duckdb
from readme_answers import README, answer, questions


def test_the_readme_answers_ten_questions_of_the_samples(sample_run):
    asked = questions(README.read_text(encoding="utf-8"))
    assert len(asked) == 10
    database = (sample_run.workspace.releases / "current.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as connection:
        for sql, written in asked:
            assert answer(connection, sql) == written, sql
