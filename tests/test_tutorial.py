"""The tutorial's lines, typed into a real shell beside a real sandbox."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
BIN = Path(sys.executable).parent
# stands between the outputs of commands
MARK = "--- wattshare tutorial ---"
PATIENCE = 120


@dataclass(frozen=True)
class Line:
    """A command, and what the page says that it prints, if it says so."""

    command: str
    printed: str


def lines(page: str) -> list[Line]:
    """The commands of a page's console blocks, in order."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for typed in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = typed.partition("\n")
            found.append(Line(command, printed.strip()))
    return found


@contextmanager
def sandbox(folder: Path) -> Iterator[None]:
    """A small sandbox in a folder, as the page starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "sandbox.log").open("w") as log:
        running = subprocess.Popen(
            [BIN / "wattshare", "sandbox", "--home", "sandbox", "--port", str(port), "--days", "30"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            ends = time.monotonic() + PATIENCE
            while not (folder / "sandbox" / "sandbox.json").exists():
                assert running.poll() is None, (folder / "sandbox.log").read_text()
                assert time.monotonic() < ends, (folder / "sandbox.log").read_text()
                time.sleep(0.2)
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(timeout=60)


def test_every_line_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl absent: the tutorial types it")
    typed = lines(TUTORIAL.read_text())
    assert len(typed) > 20
    script = "set -e\n" + "\n".join(f"{line.command}\necho; echo '{MARK}'" for line in typed)
    script = script.replace("$PWD/.venv/bin", str(BIN))
    with sandbox(tmp_path):
        shell = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    outputs = [output.strip() for output in shell.stdout.split(MARK)[:-1]]
    reached = typed[len(outputs)].command if len(outputs) < len(typed) else "the end"
    assert shell.returncode == 0, f"stopped at: {reached}\n{shell.stderr[-2000:]}"
    for line, output in zip(typed, outputs, strict=True):
        if line.printed:
            assert output == line.printed, line.command
    went_in, came_out = next(
        output.split() for line, output in zip(typed, outputs, strict=True) if "IntervalReading" in line.command
    )
    assert went_in == came_out == "192"


def test_what_the_readme_shows_is_what_the_tutorial_types() -> None:
    shown = lines((TUTORIAL.parents[1] / "README.md").read_text())
    typed = lines(TUTORIAL.read_text())
    asked = [line for line in shown if line.command.startswith(("wattshare import", "wattshare third", "curl"))]
    assert len(asked) >= 4
    assert set(asked) <= set(typed)
