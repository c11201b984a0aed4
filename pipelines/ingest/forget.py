"""Taking a wrong file back: everything that came from it leaves ledger and lake.

What belongs here: finding the files by name, refusing those that would be read again, removing.
What does not: the command around it; warehouse and releases, which the next run makes anew.
"""

from __future__ import annotations

from pipelines.ingest.accounts import drop_unfounded_pins
from pipelines.ingest.files import sha256_of
from pipelines.ingest.lake import prepare_folders
from pipelines.ingest.ledger import (
    FileRecord,
    only_ingest,
    read_ledger,
    remove_record,
)
from pipelines.ingest.tables import write_tables
from pipelines.settings import Workspace


class ForgetError(Exception):
    """A file to be forgotten lies in the inputs folder, where the next run would read it again."""


def forget(workspace: Workspace, names: list[str]) -> list[str]:
    """Remove from ledger and lake what came from files of these names; the names that were found.

    A name is the path below the inputs folder or the file name alone (then of every folder); all
    versions of the file ever read go. An archive goes as a whole, also when one member is named as
    the summary does (`a.zip::b.csv`). Raises ForgetError, and removes nothing, when the content of
    one of them still lies in the inputs folder, under whatever name; IngestBusyError while a run
    reads exports. Both messages are for the user.
    """
    if not workspace.ledger.is_dir():
        return []
    with only_ingest(workspace):
        prepare_folders(workspace)
        records = read_ledger(workspace)
        by_name = {
            name: [record for record in records.values() if _is_called(record, name)]
            for name in names
        }
        wrong = {record.sha256: record for found in by_name.values() for record in found}
        _refuse_present(workspace, wrong)
        # The ledger's entry goes first: Parquet without one is removed by the next run at latest.
        for sha256, record in wrong.items():
            remove_record(workspace, record)
            del records[sha256]
        if wrong:
            drop_unfounded_pins(workspace, records)
            write_tables(workspace, records)
    return [name for name, found in by_name.items() if found]


def _is_called(record: FileRecord, name: str) -> bool:
    paths = {record.source_file, *(document.source_file for document in record.documents)}
    return name in paths or name == record.source_file.rsplit("/", 1)[-1]


def _refuse_present(workspace: Workspace, wrong: dict[str, FileRecord]) -> None:
    if not wrong:
        return
    present = [path for path in workspace.input_files() if sha256_of(path) in wrong]
    if present:
        listed = ", ".join(path.relative_to(workspace.inputs).as_posix() for path in present)
        verb = "lies" if len(present) == 1 else "lie"
        raise ForgetError(
            f"{listed} still {verb} in {workspace.inputs}, so the next run would read it again: "
            f"take it out of {workspace.inputs.name} first."
        )
