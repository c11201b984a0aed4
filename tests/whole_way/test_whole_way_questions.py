"""The README's ten questions still have the answers that stand below them."""

from __future__ import annotations

import json
import re

import duckdb
from readme_answers import README, answer, questions

from pipelines.settings import PROJECT_ROOT
from pipelines.warehouse.metric_ratios import ratio

# What is divided by something else than the hours of seconds, and under which name.
_DIVIDED = re.compile(r"\bsum\((\w+)\) / sum\((\w+)\).*? as (\w+)")
_RATIOS = {"fee_percent": "effective_fee_rate", "checked_percent": "step_up_coverage"}


def test_the_readme_answers_ten_questions_of_the_samples(sample_run):
    asked = questions(README.read_text(encoding="utf-8"))
    assert len(asked) == 10
    database = (sample_run.workspace.releases / "current.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as connection:
        for sql, written in asked:
            assert answer(connection, sql) == written, sql


def test_readme_and_notebooks_divide_as_the_registry_does():
    """Sums are divided as the registry says, or by a whole; a mean of flags would be a rate too."""
    asked = [sql for sql, _ in questions(README.read_text(encoding="utf-8"))]
    for path in (PROJECT_ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        asked += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    divided = 0
    for sql in (sql for sql in asked if "select" in sql and "def " not in sql):
        for numerator, denominator, name in _DIVIDED.findall(sql):
            defined = ratio(_RATIOS[name])
            assert (numerator, denominator) == (defined.numerator, defined.denominator), sql
            divided += 1
        rest = re.sub(r" / 3600\b", "", _DIVIDED.sub("", sql))
        # A part of the whole that is shown, and a share that a person has.
        rest = re.sub(r" / sum\((sum|count)\([^)]*\)\) over \(\)", "", rest)
        assert " / " not in rest, sql
        assert not re.search(r"avg\([^)]*(success|outcome|failed)", rest), sql
    assert divided == len(_RATIOS)
