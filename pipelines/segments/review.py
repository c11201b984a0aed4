"""Looking at the segments' thresholds, and changing them on purpose.

What belongs here: the thresholds in force beside today's proposal, and adopting it. What does not:
how a proposal is made (`thresholds.py`), and the command around this.
"""

from __future__ import annotations

from pipelines.segments.thresholds import (
    KIND,
    FreezeRules,
    Thresholds,
    from_document,
    propose,
)
from pipelines.segments.thresholds import (
    adopt as adopt_proposal,
)
from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect
from pipelines.warehouse.encryption import EncryptionError
from pipelines.warehouse.store import ModelStore, StoreError


class ReviewError(Exception):
    """There is nothing to look at, or nothing to adopt; the message says what to do."""


def review(
    workspace: Workspace, *, adopt: bool
) -> tuple[Thresholds, Thresholds, Thresholds | None]:
    """The thresholds in force, those proposed from the warehouse, and those just adopted.

    The caller holds the run lock.

    Raises:
        ReviewError: nothing was built yet, a stored version cannot be read, or adopting was asked
            for while the data is too little for a proposal.
    """
    from duckdb import CatalogException

    store = ModelStore(workspace.models)
    try:
        with connect(workspace, read_only=True) as con:
            proposed = propose(con, FreezeRules())
        stored = store.latest(KIND)
    except CatalogException as error:
        raise ReviewError(
            f"The warehouse at {workspace.warehouse} holds no users yet. Run `wallet run` first."
        ) from error
    except (FileNotFoundError, EncryptionError, StoreError) as error:
        raise ReviewError(str(error)) from error
    now = from_document(stored) if stored else proposed
    if not adopt:
        return now, proposed, None
    if proposed.grid.version != "proposed":
        raise ReviewError(f"Nothing to adopt. {proposed.message}")
    return now, proposed, adopt_proposal(store, proposed)
