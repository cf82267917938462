"""Prepared files as they leave over real connections: whole and in stretches, by ourselves and by nginx."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.custodian.houses import TestHouse, built
from tests.custodian.web.served import Answer, ask
from wattshare.custodian.front import Front
from wattshare.custodian.model.authorization import Authorization, Ending
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.web import resources
from wattshare.custodian.web.server import serving

TEXT = "wsc_of_the_third_party"
GZIP, PLAIN = ("Accept-Encoding", "gzip"), ("Accept-Encoding", "identity")
SCENES = pytest.mark.parametrize("coding", [GZIP, PLAIN], ids=["gzip", "plain"])


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A third party with one finished file, and the port at which it is fetched."""

    house: TestHouse
    held: Authorization
    port: int
    # path and query
    target: str

    def get(self, *headers: tuple[str, str], port: int | None = None, method: str = "GET") -> Answer:
        """Ask for the file."""
        told = (("Authorization", f"Bearer {TEXT}"), *headers)
        return ask(port or self.port, self.target, headers=told, method=method)

    @property
    def file(self) -> Path:
        """Where it is kept."""
        folder = self.house.house.settings.home / "batches"
        [kept] = [file for file in folder.iterdir() if file.suffix != ".members"]
        return kept


@contextmanager
def staged(tmp_path: Path, store: Store, **settings: str) -> Iterator[Scene]:
    """A scene."""
    with built(tmp_path, store, listen_port=0, **settings) as house:
        acme = house.third_party()
        held = house.share(acme, house.home())
        at, party = house.clock(), acme.party.id
        token = Token(
            bearer_class=BearerClass.CLIENT,
            third_party_id=party,
            scope="",
            issued_at=at,
            expires_at=at + 3_600,
        )
        with store.begin() as tx:
            tx.tokens.add(token, TEXT)
        application = Front(house.house).application()
        with serving(application, house.house.settings) as port:
            path = f"{house.house.profile.resource_root}/Batch/Bulk/{party}"
            ordered = ask(port, f"{path}?published-min=1", headers=(("Authorization", f"Bearer {TEXT}"),))
            assert ordered.status == 202
            house.work()
            with store.read() as tx:
                [name] = tx.batches.files()
            target = f"{path}?correlationID={name.partition('.')[0]}"
            yield Scene(house=house, held=held, port=port, target=target)


@pytest.fixture
def scene(tmp_path: Path, store: Store) -> Iterator[Scene]:
    """A scene without a proxy."""
    with staged(tmp_path, store) as told:
        yield told


@SCENES
def test_a_file_is_put_together_from_stretches(scene: Scene, coding: tuple[str, str]) -> None:
    whole = scene.get(coding)
    assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
    assert whole.headers["content-length"] == str(len(whole.raw))
    size, tag, parts = len(whole.raw), whole.headers["etag"], []
    for first in range(0, size, 1 + size // 4):
        last = min(size, first + 1 + size // 4) - 1
        part = scene.get(coding, ("Range", f"bytes={first}-{last}"), ("If-Range", tag))
        assert (part.status, part.headers["content-range"]) == (206, f"bytes {first}-{last}/{size}")
        assert (part.headers["etag"], part.headers.get("content-encoding")) == (
            tag,
            whole.headers.get("content-encoding"),
        )
        assert part.headers["content-length"] == str(len(part.raw))
        parts.append(part.raw)
    assert b"".join(parts) == whole.raw
    assert scene.get(coding, ("Range", "bytes=-10")).raw == whole.raw[-10:]


@SCENES
def test_a_stretch_of_another_file_is_not_continued(scene: Scene, coding: tuple[str, str]) -> None:
    whole = scene.get(coding)
    other = scene.get(PLAIN if coding is GZIP else GZIP).headers["etag"]
    for condition in (other, '"x"'):
        again = scene.get(coding, ("Range", "bytes=5-9"), ("If-Range", condition))
        assert (again.status, again.raw) == (200, whole.raw)
        insisted = scene.get(coding, ("Range", "bytes=5-9"), ("If-Match", condition))
        assert insisted.status == 412
    behind = scene.get(coding, ("Range", f"bytes={len(whole.raw)}-"))
    assert (behind.status, behind.headers["content-range"]) == (416, f"bytes */{len(whole.raw)}")
    known = scene.get(coding, ("Range", "bytes=5-9"), ("If-None-Match", whole.headers["etag"]))
    assert (known.status, known.raw) == (304, b"")


def test_a_look_at_a_file_sends_none_of_it(scene: Scene) -> None:
    whole, looked = scene.get(GZIP), scene.get(GZIP, ("Range", "bytes=5-9"), method="HEAD")
    assert (looked.status, looked.raw) == (200, b"")
    for name in ("content-length", "etag", "content-encoding", "accept-ranges"):
        assert looked.headers[name] == whole.headers[name]


def test_several_files_come_by_one_connection(scene: Scene) -> None:
    whole = scene.get(GZIP).raw
    request = f"GET {scene.target} HTTP/1.1\r\nHost: share.example\r\nAuthorization: Bearer {TEXT}\r\n"
    request += "Accept-Encoding: gzip\r\n"
    with socket.create_connection(("127.0.0.1", scene.port), timeout=30) as connection:
        connection.sendall(f"{request}\r\n{request}Connection: close\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert got.count(whole) == 2


def enlarged(scene: Scene, size: int) -> None:
    """Let the file be one of so many bytes, more than a connection holds."""
    with scene.house.store.begin() as tx:
        [name] = tx.batches.files()
        found = tx.batches.part(name.partition(".")[0])
        assert found is not None
        tx.batches.change_part(replace(found[0], gzip_bytes=size))
    with scene.file.open("wb") as file:
        file.truncate(size)


def received(connection: socket.socket) -> bytes:
    """What came next; nothing at the end, whichever it is."""
    try:
        return connection.recv(1 << 20)
    except ConnectionResetError:
        return b""


def test_a_file_is_cut_when_somebody_in_it_withdraws(scene: Scene) -> None:
    enlarged(scene, size := 200 * 1024 * 1024)
    request = f"GET {scene.target} HTTP/1.1\r\nHost: share.example\r\nAuthorization: Bearer {TEXT}\r\n"
    with socket.create_connection(("127.0.0.1", scene.port), timeout=30) as connection:
        connection.sendall(f"{request}Accept-Encoding: gzip\r\n\r\n".encode())
        got = len(connection.recv(1 << 16))
        scene.house.house.consent.withdraw(scene.held.id, Ending.CUSTOMER)
        while piece := received(connection):
            got += len(piece)
            # slower than the machine, so that there is something left to cut
            time.sleep(0.05)
    assert got < size


# nginx

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
        }}
        location /prepared/ {{
            internal;
            alias {files}/;
            etag off;
            if_modified_since off;
            add_header ETag $upstream_http_etag;
            add_header Last-Modified "";
            add_header Content-Encoding $upstream_http_content_encoding;
            add_header Vary $upstream_http_vary;
            add_header x-transaction $upstream_http_x_transaction;
            add_header x-correlation-id $upstream_http_x_correlation_id;
        }}
    }}
}}
"""


@contextmanager
def proxied(folder: Path, files: Path, upstream: int) -> Iterator[int]:
    """The port of an nginx before us."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing("nginx", "apt-get install nginx-light")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    told = CONFIGURATION.format(folder=folder, files=files, upstream=upstream, port=port, user=user)
    (folder / "nginx.conf").write_text(told)
    process = subprocess.Popen([str(program), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def test_nginx_sends_small_files_and_we_send_what_may_have_to_be_cut(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staged(tmp_path, store, accel_prefix="/prepared/") as scene:
        folder = tmp_path / "nginx"
        folder.mkdir()
        with proxied(folder, scene.file.parent, scene.port) as port:
            told = scene.get(GZIP)
            assert (told.headers["x-accel-redirect"], told.raw) == (f"/prepared/{scene.file.name}", b"")
            whole = scene.get(GZIP, port=port)
            assert (whole.status, whole.raw) == (200, scene.file.read_bytes())
            assert "x-accel-redirect" not in whole.headers
            for name in ("etag", "content-encoding", "vary", "cache-control", "content-type"):
                assert whole.headers[name] == told.headers[name]
            tag = whole.headers["etag"]
            part = scene.get(GZIP, ("Range", "bytes=5-9"), ("If-Range", tag), port=port)
            assert (part.status, part.raw, part.headers["etag"]) == (206, whole.raw[5:10], tag)
            other = scene.get(GZIP, ("Range", "bytes=5-9"), ("If-Range", '"x"'), port=port)
            assert (other.status, other.raw) == (200, whole.raw)
            assert scene.get(GZIP, ("If-None-Match", tag), port=port).status == 304
            # nobody comes past us
            assert ask(port, f"/prepared/{scene.file.name}").status == 404
            monkeypatch.setattr(resources, "CUT_BYTES", 0)
            ours = scene.get(GZIP, port=port)
            assert (ours.status, ours.raw, ours.headers["accept-ranges"]) == (200, whole.raw, "bytes")


def test_the_place_for_nginx_is_a_path_that_ends_with_a_slash(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, accel_prefix="/prepared/files/").accel_prefix == "/prepared/files/"
    for wrong in ("prepared/", "/prepared", "/", "https://elsewhere.example/"):
        with pytest.raises(Exception, match="accel_prefix"):
            Settings(home=tmp_path, accel_prefix=wrong)
