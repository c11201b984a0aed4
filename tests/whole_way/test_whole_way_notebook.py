"""The tour notebook answers all its questions on a fresh release."""

from __future__ import annotations

import json

from pipelines.settings import PROJECT_ROOT


def test_every_cell_of_the_tour_runs_and_answers(sample_run, monkeypatch):
    monkeypatch.setenv("WALLET_DATA_DIR", str(sample_run.settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    notebook = json.loads((PROJECT_ROOT / "notebooks" / "tour.ipynb").read_text("utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    names: dict = {}
    answers = 0
    for source in cells:
        if source.startswith("ask("):
            answer = eval(source, names)
            assert answer.height > 0, source
            answers += 1
        else:
            exec(compile(source, "tour.ipynb", "exec"), names)
    assert answers == 10
