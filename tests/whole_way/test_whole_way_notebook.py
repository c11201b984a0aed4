"""Every cell of the notebooks runs and answers on a fresh release; git holds no answers."""

from __future__ import annotations

import ast
import json

import plotly.graph_objects as go
import pytest

from pipelines.settings import PROJECT_ROOT

NOTEBOOKS = sorted((PROJECT_ROOT / "notebooks").glob("*.ipynb"))


def code_cells(path) -> list[dict]:
    notebook = json.loads(path.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict) -> object:
    """What Jupyter would show below a cell: the value of its last line, if that is one."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["failures", "segments", "tour"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_and_answers(sample_run, monkeypatch, path):
    monkeypatch.setenv("WALLET_DATA_DIR", str(sample_run.settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    names: dict = {}
    answers = charts = 0
    for cell in code_cells(path):
        source = "".join(cell["source"])
        shown = run_cell(source, names)
        if "ask(" in source and "def ask" not in source:
            # A table may be empty only where the cell says until when.
            assert shown.height > 0 or "-- Empty until" in source, source
            answers += 1
        if isinstance(shown, go.Figure):
            assert len(shown.data[0].y) > 1, source
            charts += 1
    assert answers >= 9
    assert charts == {"tour": 0, "segments": 1, "failures": 2}[path.stem]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_git_holds_questions_only(path):
    for cell in code_cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
