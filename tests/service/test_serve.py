"""`upwell serve` as its users and its operating system meet it: real processes, signals and sockets."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.service.places import get, get_json
from tests.service.running import ENVIRONMENT, PATIENCE, Serving, command, destination, serving, until


def test_from_an_agent_to_a_destination(tmp_path: Path) -> None:
    """What is accepted arrives, the ledger says so, and SIGTERM ends everything with exit code 0."""
    with destination() as there, serving(tmp_path, "serve", settings=there.settings) as running:
        running.ready()
        assert [running.send("a", "b"), running.send("c", gzipped=True)] == [200, 200]
        until(lambda: len(there.ids) == 3, "everything arrives")
        until(lambda: running.ledger()["lanes"][0]["delivered"] == 3, "everything is booked")

        assert sorted(there.ids) == ["a", "b", "c"]
        assert running.upwell("ledger", "--check").returncode == 0
        assert running.stop() == 0
    assert running.upwell("ledger", "--check").returncode == 0
    assert "Traceback" not in running.text()


def test_only_keys_open_the_door(tmp_path: Path) -> None:
    """A key made while it runs works within a moment, a revoked one does not."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        assert running.send("a", key="uw_aaaaaaaa_" + "a" * 32) == 401
        made = running.upwell("keys", "add", "--team", "platform").stdout.strip()
        until(lambda: running.send("b", key=made) == 200, "the new key works")
        running.upwell("keys", "revoke", made.split("_")[1])
        until(lambda: running.send("c", key=made) == 401, "the revoked key does not")


def test_the_first_key_stays_off_stdout(tmp_path: Path) -> None:
    """Off a terminal it is in a file of its own, 0600; a second start makes no other."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        first = running.key()
        assert stat.S_IMODE((running.data / "first-key").stat().st_mode) == 0o600
        assert first not in running.text()
        assert "the first key is in" in running.text()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.communicate(timeout=PATIENCE)[0] == b""

    with serving(tmp_path, "serve") as again:
        again.ready()
        assert again.key() == first
        assert "first key" not in again.text()


def test_without_sinks_it_says_so(tmp_path: Path) -> None:
    """Batches are kept; the log, the ledger and the exit code all know."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        assert running.send("a", "b") == 200
        assert "there are no sinks" in running.text()
        assert running.ledger()["kept"]["items"] == 2
        assert "There are no sinks: 2 items in 1 batches are kept, each for 24 hours." in running.upwell("ledger").stdout


def test_the_console_answers(tmp_path: Path) -> None:
    """Health, readiness, metrics and the ledger, on the console's address."""
    with destination() as there, serving(tmp_path, "serve", settings=there.settings) as running:
        running.ready()
        running.send("a")
        until(lambda: there.ids, "it arrives")
        port = running.console
        until(lambda: get_json(port, "/api/ledger")["lanes"][0]["delivered"] == 1, "it is booked")

        assert get(port, "/healthz")[::2] == (200, b"ok")
        assert get(port, "/readyz")[0] == 200
        until(lambda: b'upwell_accepted_items_total{signal="logs"} 1\n' in get(port, "/metrics")[2], "the figures follow")


@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_a_killed_child_comes_back(tmp_path: Path, role: str) -> None:
    """kill -9 of either process loses nothing that was acknowledged."""
    with destination() as there, serving(tmp_path, "serve", settings=there.settings) as running:
        running.ready()
        assert running.send("before") == 200
        pid = running.kill(role)
        assert running.send("after") == 200
        until(lambda: {"before", "after"} <= set(there.ids), "both arrive")
        until(lambda: (child := running.child(role)) and child.pid != pid, f"another {role} runs")

        assert f"the {role} ended (SIGKILL)" in running.text()
        until(lambda: running.upwell("ledger", "--check").returncode == 0, "the sums hold")


def test_connections_wait_while_the_gateway_restarts(tmp_path: Path) -> None:
    """Nobody is refused in between: the sockets belong to the supervisor."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        running.kill("gateway")

        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as early:
            early.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert early.recv(100).startswith(b"HTTP/1.1 200")


def test_children_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor leaves no orphans, and the next start waits for them."""
    with destination() as there, serving(tmp_path, "serve", settings=there.settings) as running:
        running.ready()
        children = psutil.Process(running.process.pid).children()
        running.process.kill()
        running.process.wait()

        (tmp_path / "again").mkdir()
        again = Serving(tmp_path, "serve", settings=there.settings)
        again.ready()
        assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
        assert again.send("a") == 200
        assert again.stop() == 0


def test_two_starts_on_one_directory(tmp_path: Path) -> None:
    """The second exits 1 and names the first, whichever process it would be."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        for role in ("serve", "gateway", "worker"):
            second = running.upwell(role)
            assert second.returncode == 1
            assert f"error [data-dir-locked]: process {running.process.pid} already runs the" in second.stderr
        assert running.send("a") == 200


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Which address, and how to find out by whom; and no key is made by a start that fails."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with serving(tmp_path, "serve", "--listen", address) as running:
            assert running.process.wait(PATIENCE) == 1

    assert f"error [cannot-listen]: {address} is taken by another program\n  next step: " in running.text()
    assert not (running.data / "keys.db").exists()


def test_a_removed_sink_with_pending_items_ends_the_start(tmp_path: Path) -> None:
    """The supervisor gives up at once, with the worker's sentence; closing the sink lets it start."""
    with destination() as there:
        there.status = 503
        with serving(tmp_path, "serve", settings=there.settings) as running:
            running.ready()
            assert running.send("a", "b", "c") == 200
            until(lambda: running.ledger()["lanes"][0]["state"] == "retrying", "it was tried")
    with serving(tmp_path, "serve") as removed:
        assert removed.process.wait(PATIENCE) == 1
        assert "error [config-invalid]: sink 'otlp' is no longer configured, and 3 items of logs wait for it" in removed.text()

    closed = removed.upwell("ledger", "close", "otlp")
    assert closed.stderr == "Sink otlp is closed; 3 pending items were let go.\n"
    with serving(tmp_path, "serve") as started:
        started.ready()
        assert started.upwell("ledger", "--check").returncode == 0


def test_a_backup_of_a_running_service_can_be_started(tmp_path: Path) -> None:
    """The copy knows the keys, and delivers what had not been delivered."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with destination() as there:
        there.status = 503
        with serving(tmp_path, "serve", settings=there.settings) as running:
            running.ready()
            key = running.key()
            assert running.send("a") == 200
            assert running.upwell("backup", str(copy / "data")).returncode == 0
        there.status = 200
        with serving(copy, "serve", settings=there.settings) as restored:
            restored.ready()
            assert restored.send("b", key=key) == 200
            until(lambda: sorted(there.ids) == ["a", "b"], "both arrive")
            until(lambda: restored.upwell("ledger", "--check").returncode == 0, "the sums hold")


def test_ctrl_c_is_a_clean_end(tmp_path: Path) -> None:
    """The terminal's interrupt goes to the whole foreground group; still both children end in order."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        children = psutil.Process(running.process.pid).children()

        assert running.stop(signal.SIGINT) == 0

        assert psutil.wait_procs(children, timeout=PATIENCE)[1] == []
        assert running.text().count('message="stopped"') == 2


def test_requests_in_hand_are_answered_at_the_end(tmp_path: Path) -> None:
    """SIGTERM while a body is on its way: it is taken, answered, and in the journal."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}'
        head = f"POST /v1/logs HTTP/1.1\r\nhost: x\r\nx-api-key: {running.key()}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE) as slow:
            slow.sendall(head.encode() + body[:20])
            until(lambda: _reading(running), "the gateway has the connection")
            running.process.send_signal(signal.SIGTERM)
            threading.Event().wait(0.3)
            slow.sendall(body[20:])
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
        assert running.process.wait(PATIENCE) == 0

    assert running.ledger()["signals"][2]["accepted"] == 1


def test_a_request_in_flight_is_booked_at_the_end(tmp_path: Path) -> None:
    """SIGTERM while a destination takes its time: its answer is waited for, and nothing is sent twice."""
    with destination() as there:
        there.let_answer.clear()
        with serving(tmp_path, "serve", settings=there.settings) as running:
            running.ready()
            assert running.send("a") == 200
            assert there.arrived.wait(PATIENCE)
            running.process.send_signal(signal.SIGTERM)
            running.found(r'process=gateway message="(stopped)"')
            there.let_answer.set()
            assert running.process.wait(PATIENCE) == 0
        lane = running.ledger()["lanes"][0]

    assert (lane["delivered"], lane["pending"]["items"]) == (1, 0)
    assert there.ids == ["a"]


def _reading(running: Serving) -> bool:
    gateway = running.child("gateway")
    return gateway is not None and any(one.status == psutil.CONN_ESTABLISHED for one in gateway.net_connections("tcp"))


def test_each_process_runs_alone(tmp_path: Path) -> None:
    """A gateway fills its journal; a worker started later, even after it ended, delivers."""
    with destination() as there:
        with serving(tmp_path, "gateway") as door:
            key = door.upwell("keys", "add", "--team", "x").stdout.strip()
            until(lambda: door.send("a", key=key) == 200, "it is accepted")
            assert door.stop() == 0
        with serving(tmp_path, "worker", settings=there.settings) as worker:
            until(lambda: there.ids == ["a"], "it arrives")
            assert worker.stop() == 0


def test_a_gateway_without_keys_says_so(tmp_path: Path) -> None:
    """Everything would be refused, which one had better know."""
    with serving(tmp_path, "gateway") as door:
        door.found(r"(there are no keys)")


def test_a_closed_stdout_and_stderr_are_survived(tmp_path: Path) -> None:
    """A service whose terminal is gone goes on, and ends as it should."""
    data = str(tmp_path / "data")
    line = [sys.executable, "-m", "upwell", "serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
    reader, writer = os.pipe()
    process = subprocess.Popen(line, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, env=ENVIRONMENT)
    os.close(writer)
    os.close(reader)

    until(lambda: (tmp_path / "data" / "worker.sock").exists(), "the worker runs")
    asked = command("ledger", "--json", "--data-dir", data, cwd=tmp_path)
    process.terminate()

    assert asked.returncode == 0
    assert process.wait(PATIENCE) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_under_stdout_is_a_sentence(tmp_path: Path) -> None:
    """An answer that cannot be written is a failure, said in words."""
    with Path("/dev/full").open("w") as full:
        result = command("config", "show", cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, capture_output=False)

    assert result.returncode == 1
    assert result.stderr.startswith("error [upwell-error]: stdout cannot be written: No space left on device\n  next step: ")
    assert "Traceback" not in result.stderr


def test_what_may_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    """A settings file of another user is an error with a next step, and so is a folder."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tmp_path / "upwell.toml").touch(mode=0)
    (tmp_path / "empty.toml").touch()
    (tmp_path / "data").mkdir(mode=0)

    assert "upwell.toml cannot be read: Permission denied" in command("config", "check", cwd=tmp_path).stderr
    for arguments in (["serve"], ["ledger"], ["keys", "list"]):
        result = command(*arguments, "--config", "empty.toml", "--data-dir", "data", cwd=tmp_path)
        assert result.returncode == 1
        assert result.stderr.startswith("error [data-dir-unfit]")


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    """`upwell config show | head -1` prints no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    result = command("config", "show", cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    os.close(writer)

    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr


def test_without_a_sink_the_usage_store_is_filled(tmp_path: Path) -> None:
    """`upwell serve` with no destination reads what comes into `usage.duckdb`, and the ledger proves that it counted every item."""
    with serving(tmp_path, "serve") as running:
        running.ready()
        assert running.send("a", "b") == 200
        until(lambda: _logs(running)["delivered"] == 2, "the store has it")

        assert running.upwell("ledger", "--check").returncode == 0
        assert _logs(running)["unrecognised"] == 2
        assert running.stop() == 0
    assert stat.S_IMODE((running.data / "usage.duckdb").stat().st_mode) == 0o600
    assert running.upwell("ledger", "--check").returncode == 0, "also with no worker running"
    assert "Traceback" not in running.text()


def _logs(running: Serving) -> dict[str, Any]:
    found: dict[str, Any] = next(lane for lane in running.ledger()["usage"] if lane["lane"] == "usage/logs")
    return found
