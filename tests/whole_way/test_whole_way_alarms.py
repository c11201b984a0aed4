"""Failed runs and checks reach a real web server by name, and nothing that data wrote does."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from pipelines import alarms
from pipelines.settings import Settings

PHONE = "13800138000"


class Receiver:
    """A web server on this machine that keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.status = 204
        self.answers = threading.Event()
        self.answers.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append({"path": self.path, "body": body.decode()})
                receiver.answers.wait()
                self.send_response(receiver.status)
                self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/secret-token"

    def close(self) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def settings(tmp_path, receiver):
    return Settings(data_dir=tmp_path, workspace="merchant", webhook_url=receiver.url)


def run(instance, *, passes: bool = True, fails: bool = False, severity=dg.AssetCheckSeverity.WARN):
    @dg.asset(name="alarms", check_specs=[dg.AssetCheckSpec("quiet", asset="alarms")])
    def table():
        if fails:
            raise dg.Failure(f"bill of {PHONE}")
        check = dg.AssetCheckResult(
            passed=passes, severity=severity, description=f"calls of {PHONE}"
        )
        return dg.MaterializeResult(check_results=[check])

    return dg.materialize([table], instance=instance, raise_on_error=False)


def test_a_failed_run_is_told_by_names_and_without_what_data_wrote(instance, receiver, settings):
    result = run(instance, fails=True)
    assert alarms.tell(instance, result.run_id, settings) is None
    (sent,) = receiver.received
    told = json.loads(sent["body"])
    assert sent["path"] == "/hooks/secret-token"
    assert (told["event"], told["failed_steps"], told["run_id"]) == (
        "run_failed", ["alarms"], result.run_id,
    )  # fmt: skip
    assert "failed at alarms" in told["text"]
    assert PHONE not in sent["body"]


def test_a_warning_check_is_told_though_the_run_ended_well(instance, receiver, settings):
    result = run(instance, passes=False)
    assert result.success
    assert alarms.tell(instance, result.run_id, settings) is None
    told = json.loads(receiver.received[0]["body"])
    assert told["event"] == "check_failed"
    assert told["checks"] == [{"asset": "alarms", "check": "quiet", "severity": "WARN"}]
    assert PHONE not in receiver.received[0]["body"]


def test_nothing_is_told_when_all_is_well_or_nobody_wants_to_know(instance, receiver, settings):
    assert alarms.tell(instance, run(instance).run_id, settings) is None
    unasked = settings.model_copy(update={"webhook_url": None})
    assert alarms.tell(instance, run(instance, fails=True).run_id, unasked) is None
    assert receiver.received == []


@pytest.mark.parametrize("answer", ["error", "redirect", "closed", "slow"])
def test_a_webhook_that_fails_is_written_into_the_runs_log(
    instance, receiver, settings, monkeypatch, answer
):
    receiver.status = {"error": 500, "redirect": 302}.get(answer, 204)
    if answer == "slow":  # never answers: only the limit ends the waiting
        receiver.answers.clear()
        monkeypatch.setattr(alarms, "_SECONDS_IN_ALL", 0.3)
    if answer == "closed":
        receiver.close()
    result = run(instance, fails=True)
    problem = alarms.tell(instance, result.run_id, settings)
    expected = {"error": "answered 500", "redirect": "answered 302", "closed": "cannot be reached"}
    assert expected.get(answer, "did not answer in time") in problem
    assert [
        item["path"] for item in receiver.received if item["path"] != "/hooks/secret-token"
    ] == []
    records = instance.get_records_for_run(result.run_id).records
    log = [record.event_log_entry.message for record in records]
    assert problem in log
    assert "secret-token" not in " ".join(log)


def test_the_sensor_tells_of_runs_of_the_ui_only(instance, receiver, settings, monkeypatch):
    monkeypatch.setenv("WALLET_WEBHOOK_URL", receiver.url)
    monkeypatch.setenv("WALLET_DATA_DIR", str(settings.data_dir))
    result = run(instance, fails=True)
    event = result.get_run_failure_event()
    for tags, messages in (({}, 1), ({"wallet/started_by": "command line"}, 1)):
        instance.add_run_tags(result.run_id, tags)
        context = dg.build_run_status_sensor_context(
            "tell_of_failed_runs", event, instance, instance.get_run_by_id(result.run_id)
        )
        alarms.tell_of_failed_runs(context)
        assert len(receiver.received) == messages


@pytest.mark.parametrize("url", ["ftp://x/secret-token", "secret-token", "https://"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError) as refused:
        Settings(webhook_url=url)
    assert "https://" in str(refused.value)
    assert "secret-token" not in str(refused.value)
