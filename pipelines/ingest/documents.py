"""One document to drafts of lake Parquet and a record of what became of it.

What belongs here: driving reader, tally, pseudonyms and writer over one document; judging its own
control totals. What does not: several documents of a file (`loading`), moving drafts (`run`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.formats.format import BadFileError, Layout
from pipelines.formats.mapping import Mapping as ExportMapping
from pipelines.formats.times import calendar_date, is_plausible
from pipelines.ingest.accounts import foreign_account_error
from pipelines.ingest.checking import Batch
from pipelines.ingest.export_days import day_in_name
from pipelines.ingest.files import Document
from pipelines.ingest.key_ring import KeyRing
from pipelines.ingest.lake import (
    REJECTS_SCHEMA,
    IncrementalParquet,
    Lineage,
    draft_folder,
    lake_rows,
    lake_schema,
)
from pipelines.ingest.leak_index import SCHEMA as LEAKS_SCHEMA
from pipelines.ingest.leak_index import LeakCollector
from pipelines.ingest.ledger import DocumentRecord, TotalRecord
from pipelines.ingest.reading import DocumentReader
from pipelines.ingest.totals import (
    BalanceChain,
    CheckedTotal,
    Tally,
    compare,
    describe_mismatch,
)
from pipelines.ingest.vocabulary import MisfitCounter
from pipelines.settings import Workspace


@dataclass(frozen=True)
class Context:
    """What loading a file needs besides the file; `accounts` are the own ones by source."""

    workspace: Workspace
    ring: KeyRing
    ingested_at: datetime
    accounts: Mapping[str, tuple[str, ...]]
    mappings: tuple[ExportMapping, ...] = ()
    erased: frozenset[str] = frozenset()

    @property
    def options(self) -> Mapping[str, str]:
        """What the merchant set for a format, as `source.option`."""
        return self.workspace.settings.format_options


@dataclass
class LoadedDocument:
    """A document read to its end: its record, its drafts, and what summaries are held against."""

    record: DocumentRecord
    layout: Layout | None = None
    rows_draft: Path | None = None
    rejects_draft: Path | None = None
    leaks_draft: Path | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)
    stated: list = field(default_factory=list)

    def quarantine(self, reason: str, message: str, line: int | None = None) -> None:
        """Refuse the document; the drafts of its rows and ids go."""
        self.record = self.record.quarantined(reason, message, line)
        if self.leaks_draft is not None:
            self.leaks_draft.unlink(missing_ok=True)
            self.leaks_draft = None
        if self.rows_draft is not None:
            self.rows_draft.unlink(missing_ok=True)
            self.rows_draft = None


class DocumentLoader:
    """Reads one document into drafts, block by block."""

    def __init__(
        self, document: Document, loaded: LoadedDocument, sha256: str, context: Context
    ) -> None:
        self.document, self.loaded, self.context, self.sha256 = document, loaded, context, sha256
        self.ingest_day = context.ingested_at.date()
        self.rows_in_file = self.rows_loaded = 0
        self.rejects: list[pl.DataFrame] = []
        self.accounts: set[str] = set()
        self.first_date: date | None = None
        self.last_date: date | None = None

    def run(self) -> None:
        """Fill `loaded`; BadFileError when the document must not be loaded."""
        reader = self._reader()
        layout = self.loaded.layout = reader.layout
        self._note(source=layout.format.source, variant=layout.variant, encoding=reader.encoding)
        self._note(is_resaved=layout.is_resaved, account=layout.account, warnings=layout.warnings)
        if layout.account:
            self.accounts.add(layout.account)
        self._refuse_foreign_accounts()
        tally = Tally(layout.format)
        try:
            self._write_rows(reader, tally)
        finally:
            self._write_rejects()
        if layout.format.accounts_around is not None:
            self.accounts.update(layout.format.accounts_around(reader.footer_lines))
            self._refuse_foreign_accounts()
        self._note(encoding=reader.encoding, account=_only(self.accounts))
        self.loaded.sums = tally.values
        self._judge(reader)

    def _reader(self) -> DocumentReader:
        context = self.context
        return DocumentReader(self.document, self.ingest_day, context.options, context.mappings)

    def _note(self, **values: object) -> None:
        self.loaded.record = replace(self.loaded.record, **values)

    def _write_rows(self, reader: DocumentReader, tally: Tally) -> None:
        layout, context = reader.layout, self.context
        if not layout.has_rows:
            for _ in reader.batches():
                pass
            return
        draft = (
            draft_folder(context.workspace) / f"{self.sha256[:16]}-{self.document.index}.parquet"
        )
        self.loaded.rows_draft = draft
        writer = IncrementalParquet(draft, lake_schema(layout.format))
        misfits = MisfitCounter(layout.format)
        balances = BalanceChain(layout.format)
        leaks = LeakCollector(layout.format)
        try:
            lineage: Lineage | None = None
            for batch in reader.batches():
                if lineage is None:
                    lineage = self._lineage(batch, layout)
                self._count(batch)
                tally.add(batch.rows)
                balances.add(batch.rows)
                leaks.see(batch.rows)
                kept = lake_rows(batch.rows, layout, context.ring, lineage, context.erased)
                misfits.see(kept)
                writer.write(kept)
        finally:
            writer.close()
        self._note(
            warnings=(
                *self.loaded.record.warnings,
                *misfits.warnings(),
                *_broken_balance(balances.breaks),
            )
        )
        self._write_leaks(leaks)

    def _write_leaks(self, leaks: LeakCollector) -> None:
        marks = leaks.marks(self.context.ring.current)
        if marks.is_empty():
            return
        folder = draft_folder(self.context.workspace)
        draft = folder / f"leaks-{self.sha256[:16]}-{self.document.index}.parquet"
        writer = IncrementalParquet(draft, LEAKS_SCHEMA)
        writer.write(marks)
        writer.close()
        self.loaded.leaks_draft = draft
        self._note(has_leaks_file=True)

    def _lineage(self, first: Batch, layout: Layout) -> Lineage:
        """What every row carries; the business day of a long document takes a first pass."""
        column = layout.date_column
        if first.is_last:
            self._see_dates(first.rows[column])
        else:
            again = self._reader()
            for values in again.values(column):
                self._see_dates(values)
        record, period = self.loaded.record, layout.period
        export_date = period[1] if period else self.last_date or day_in_name(record.source_file)
        start, end = period or (self.first_date, self.last_date)
        self._note(
            export_date=export_date and export_date.isoformat(),
            period_start=start and start.isoformat(),
            period_end=end and end.isoformat(),
        )
        self._warn_outside(period)
        return Lineage(
            record.source_file,
            self.sha256,
            export_date,
            self.context.ingested_at,
            layout.is_resaved,
        )

    def _see_dates(self, texts: pl.Series) -> None:
        days = texts.to_frame("text").select(calendar_date(pl.col("text")).alias("day"))
        # Rows of other days are rejected, and a first pass sees them too.
        dates = days.filter(is_plausible(pl.col("day"), pl.lit(self.ingest_day)))["day"]
        seen = [dates.min(), dates.max(), self.first_date, self.last_date]
        known = [day for day in seen if day is not None]
        self.first_date, self.last_date = min(known, default=None), max(known, default=None)

    def _warn_outside(self, period: tuple[date, date] | None) -> None:
        if period and self.first_date and self.last_date:
            is_inside = period[0] <= self.first_date and self.last_date <= period[1]
            if not is_inside:
                text = f"there are rows outside the bill's period {period[0]} to {period[1]}"
                self._note(warnings=(*self.loaded.record.warnings, text))

    def _count(self, batch: Batch) -> None:
        self.rows_in_file += batch.rows.height + batch.rejects.height
        self.rows_loaded += batch.rows.height
        if batch.rejects.height:
            self.rejects.append(self._reject_rows(batch.rejects))
        column = self.loaded.layout.format.account_column if self.loaded.layout else None
        if column:
            self.accounts.update(batch.rows[column].drop_nulls().unique())
            self._refuse_foreign_accounts()

    def _refuse_foreign_accounts(self) -> None:
        own = self.context.accounts.get(self.loaded.record.source or "")
        if own and not self.accounts <= set(own):
            raise foreign_account_error(self.loaded.layout, self.accounts, own)

    def _reject_rows(self, rejects: pl.DataFrame) -> pl.DataFrame:
        record = self.loaded.record
        return rejects.select(
            pl.lit(record.source).alias("source"),
            pl.lit(record.source_file).alias("_source_file"),
            pl.lit(self.sha256).alias("_file_sha256"),
            "_row_number",
            "reason",
            "message",
            self.context.ring.current.row_hashes(pl.col("_line")).alias("row_hash"),
        )

    def _write_rejects(self) -> None:
        if not self.rejects:
            return
        folder = draft_folder(self.context.workspace)
        draft = folder / f"rejects-{self.sha256[:16]}-{self.document.index}.parquet"
        writer = IncrementalParquet(draft, REJECTS_SCHEMA)
        for frame in self.rejects:
            writer.write(frame)
        writer.close()
        self.loaded.rejects_draft = draft
        self._note(has_rejects_file=True)

    def _judge(self, reader: DocumentReader) -> None:
        """Control totals and counts decide whether the document may be loaded."""
        layout, loaded = reader.layout, self.loaded
        rejected = self.rows_in_file - self.rows_loaded
        if layout.format.read_footer is not None:
            try:
                loaded.stated = layout.format.read_footer(layout, reader.footer_lines)
            except BadFileError as error:
                raise BadFileError(error.reason, error.message, reader.footer_line) from error
        if layout.format.implied_totals is not None:
            loaded.stated = [*loaded.stated, *layout.format.implied_totals(layout, loaded.sums)]
        if rejected and not self.rows_loaded:
            first = self.rejects[0].row(0, named=True)
            raise BadFileError(
                "no_rows_readable",
                f"none of {rejected} rows can be read; here {first['message']}: mend the export "
                "and write it again",
                first["_row_number"],
            )
        if not layout.has_rows:
            self._note(rows_in_file=reader.summary_rows, rows_irrelevant=reader.summary_rows)
            return
        totals = compare(loaded.stated, loaded.sums, layout.format.currency)
        self._note(totals=total_records(totals))
        if not all(total.matched for total in totals):
            raise self._mismatch(totals, reader.footer_line)
        if self.rows_in_file == 0 and layout.format.read_footer is None:
            raise BadFileError("empty_file", "there is a header but no row; write the file again")
        self._note(
            rows_in_file=self.rows_in_file,
            rows_loaded=self.rows_loaded,
            rows_rejected=rejected,
            has_rows_file=True,
        )

    def _mismatch(self, totals: list[CheckedTotal], line: int | None) -> BadFileError:
        text = f"the file's own totals disagree with its rows ({describe_mismatch(totals)})"
        rejected = sum(frame.height for frame in self.rejects)
        if rejected:
            first = self.rejects[0].row(0, named=True)
            text += (
                f"; {rejected} rows could not be read, the first in line {first['_row_number']}: "
                f"{first['message']}"
            )
        advice = "download it again, and do not edit it"
        return BadFileError("control_total_mismatch", f"{text}; {advice}", line)


def total_records(totals: list[CheckedTotal]) -> tuple[TotalRecord, ...]:
    """Checked totals as the ledger keeps them, with four decimals."""
    return tuple(
        TotalRecord(
            total.total_name,
            total.currency,
            f"{total.expected:.4f}",
            f"{total.actual:.4f}",
            total.matched,
        )
        for total in totals
    )


def _broken_balance(breaks: int) -> tuple[str, ...]:
    if not breaks:
        return ()
    return (
        f"the running balance breaks off in {breaks:,} place{'s' if breaks > 1 else ''}: rows are "
        "left out (a filtered download) or changed; download the whole bill again",
    )


def _only(accounts: set[str]) -> str | None:
    return ",".join(sorted(accounts)) or None
