"""`upwell serve` on a terminal: the block to paste, the live lines, and a quiet end at Ctrl-C."""

from __future__ import annotations

import fcntl
import http.client
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

from tests.service.running import ENVIRONMENT, PATIENCE, until

BODY = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}'


class Terminal:
    """A terminal of 120 columns, and all that was written to it."""

    def __init__(self) -> None:
        self.keyboard, self.screen = pty.openpty()
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.text = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self.keyboard, 65536):
                self.text += piece.decode("utf-8", "replace")
        except OSError:  # the last process on the terminal has ended
            return

    def find(self, pattern: str) -> re.Match[str]:
        """Wait for something to appear."""
        found = until(lambda: re.search(pattern, self.text), pattern)
        assert isinstance(found, re.Match)
        return found

    def close(self) -> None:
        """Switch it off."""
        os.close(self.screen)
        self._thread.join(PATIENCE)
        os.close(self.keyboard)


KEY = r"OTEL_EXPORTER_OTLP_HEADERS=x-api-key=(uw_\S+)"


def _first_minutes(terminal: Terminal) -> None:
    """Paste, send, look, Ctrl-C."""
    endpoint = terminal.find(r"OTEL_EXPORTER_OTLP_ENDPOINT=http://(\S+)")[1]
    terminal.find(r"logs +accepted 0 +delivered - +pending - +refused -")
    connection = http.client.HTTPConnection(endpoint, timeout=PATIENCE)
    connection.request("POST", "/v1/logs", BODY, {"content-type": "application/json", "x-api-key": terminal.find(KEY)[1]})
    assert connection.getresponse().status == 200
    connection.close()
    terminal.find(r"logs +accepted 1 ")
    os.write(terminal.keyboard, b"\x03")


def test_the_first_minutes_on_a_terminal(tmp_path: Path) -> None:
    """The key is shown once and written nowhere, its block works, the live line counts, Ctrl-C ends it cleanly."""
    terminal = Terminal()
    line = [sys.executable, "-m", "upwell", "serve", "--data-dir", "data", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
    process = subprocess.Popen(
        line,
        cwd=tmp_path,
        env={**ENVIRONMENT, "TERM": "xterm-256color"},
        stdin=terminal.screen,
        stdout=terminal.screen,
        stderr=terminal.screen,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        _first_minutes(terminal)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()  # its children end with it
        process.wait()
        terminal.close()
    key = terminal.find(KEY)[1]
    assert not (tmp_path / "data" / "first-key").exists()
    assert terminal.text.count(key) == 1
    assert "gateway stopped" in terminal.text
    assert "Traceback" not in terminal.text
