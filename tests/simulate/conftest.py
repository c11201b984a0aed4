"""One simulated merchant and the bundled samples, made once for the tests of this room."""

from __future__ import annotations

import pytest
from plain_readers import Simulated

from pipelines.simulate import simulate, write_samples


@pytest.fixture(scope="session")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("daily")
    return Simulated(folder, simulate(folder, seed=11, attempts=6_000, layout="daily"))


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("samples")
    return Simulated(folder, write_samples(folder))
