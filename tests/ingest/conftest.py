from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ingest_merchant import Merchant


@pytest.fixture
def merchant(tmp_path: Path) -> Merchant:
    return Merchant(tmp_path / "data")


@pytest.fixture
def make_merchant(tmp_path: Path) -> Callable[..., Merchant]:
    def make(name: str = "data", **settings: object) -> Merchant:
        return Merchant(tmp_path / name, **settings)

    return make
