"""Servers to measure, each a process of its own: ours as it is run, and nginx with the same bytes as files."""

import os
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

from bench.databases import Databases
from bench.machine import family
from bench.outcome import NotMeasured
from bench.utility import Utility, free_port

COMMAND = "from wattshare.command import main; main()"
NGINX = "no nginx: apt-get install nginx-light"
# as Debian's package has it, with its log of every answer; one process, and folders of its own
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error;
{user}
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    sendfile {sendfile};
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    gzip on;
    # theirs; a connection stays as open as ours does
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that answers."""

    port: int
    pid: int
    databases: Databases | None = None

    def pids(self) -> tuple[int, ...]:
        """All its processes, those of its database too."""
        return (*family(self.pid), *(self.databases.pids() if self.databases else ()))


@contextmanager
def ours(utility: Utility, databases: Databases, encoder: str = "auto") -> Iterator[Served]:
    """`wattshare serve`, with that encoder."""
    with (utility.home / "serve.log").open("wb") as log:
        command = [sys.executable, "-c", COMMAND, "serve", "--home", str(utility.home)]
        process = subprocess.Popen(command, stderr=log, env=os.environ | {"WATTSHARE_ENCODER": encoder})
        try:
            wait_for(utility.port, process)
            yield Served(port=utility.port, pid=process.pid, databases=databases)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


@contextmanager
def nginx(folder: Path, *, copying: bool = False) -> Iterator[Served]:
    """nginx, for what lies in `folder`/files. `copying`: it reads a file and writes what it has read.

    Raises:
        NotMeasured: there is none.
    """
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NotMeasured(NGINX)
    port = free_port()
    (folder / "nginx.conf").write_text(configured(folder.resolve(), port, copying))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder.resolve() / "nginx.conf")])
    try:
        wait_for(port, process)
        yield Served(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def configured(folder: Path, port: int, copying: bool) -> str:
    """Its configuration."""
    user = "user root;" if os.geteuid() == 0 else ""
    return CONFIGURATION.format(folder=folder, port=port, user=user, sendfile="off" if copying else "on")


def wait_for(port: int, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Wait until somebody listens.

    Raises:
        RuntimeError: the process ended, or it takes too long.
    """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nobody listens on {port}")
