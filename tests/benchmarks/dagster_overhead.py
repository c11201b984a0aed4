"""What Dagster itself costs: the samples' whole job, with the time that is not the work's.

By hand: `python tests/benchmarks/dagster_overhead.py`. Prints wall and CPU seconds of importing the
definitions, of the job, of its steps, of storing events, and the size of the history on disk. The
work is what steps spent besides storing events; the rest is Dagster.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path


def cpu() -> float:
    """CPU seconds of this process and its children so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


class Stopwatch:
    """Adds up wall and CPU seconds of blocks."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self.times = 0

    def __enter__(self) -> Stopwatch:
        self._began, self._used = time.perf_counter(), cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._began
        self.cpu += cpu() - self._used
        self.times += 1

    def line(self, what: str, detail: str = "") -> str:
        """One line of the table."""
        return f"{what:44} {self.wall:8.1f} s wall {self.cpu:8.1f} s CPU  {detail}"


def main() -> None:
    """Run the samples in a folder of their own and print the table."""
    folder = Path(tempfile.mkdtemp(prefix="wallet-overhead-"))
    os.environ |= {
        "WALLET_DATA_DIR": str(folder),
        "WALLET_WORKSPACE": "samples",
        "WALLET_PSEUDONYM_KEY_FILE": str(folder / "keys" / "pseudonym.key"),
        "WALLET_SIGNING_KEY_FILE": str(folder / "keys" / "signing.key"),
    }
    os.environ.pop("WALLET_WEBHOOK_URL", None)
    importing, job, storing = Stopwatch(), Stopwatch(), Stopwatch()
    with importing:
        import dagster as dg

        from pipelines import automation, definitions
        from pipelines.settings import Settings

    settings = Settings()
    automation.prepare_dagster_home(settings)
    logging.getLogger("dagster").setLevel(logging.ERROR)

    @dg.logger(description="Says nothing")
    def quiet(_: dg.InitLoggerContext) -> logging.Logger:
        return logging.Logger("quiet", logging.CRITICAL)

    # As on the command line: Dagster's console logger would write every event.
    defs = definitions.build_defs(settings.open_workspace(), loggers={"quiet": quiet})
    with dg.DagsterInstance.get() as instance:
        store = instance.handle_new_event

        def stored(*arguments: object, **options: object) -> object:
            with storing:
                return store(*arguments, **options)

        instance.handle_new_event = stored
        with job:
            result = defs.resolve_job_def("everything").execute_in_process(
                instance=instance, run_config={"loggers": {"quiet": {}}}
            )
    steps = sum(
        event.step_success_data.duration_ms / 1000
        for event in result.all_events
        if event.is_step_success
    )
    history = sum(path.stat().st_size for path in settings.dagster_home.rglob("*.db"))
    outside = job.wall - steps
    print(importing.line("importing Dagster, dbt and the definitions"))
    print(job.line("the job `everything` on the samples"))
    print(f"{'  its steps':44} {steps:8.1f} s wall")
    print(f"{'  between and around steps':44} {outside:8.1f} s wall")
    print(storing.line("  storing events", f"{storing.times:,} events, {history / 1e6:.1f} MB"))
    print(f"Dagster's share of the job: {(outside + storing.wall) / job.wall:.1%} of wall time")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
