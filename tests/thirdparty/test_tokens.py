"""Token stores: one suite for both."""

import json
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.thirdparty.conftest import SECOND, tokens
from wattshare.thirdparty.tokens import FileTokenStore, MemoryTokenStore, TokenStore, UnreadableTokens


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenStore:
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "deep" / "tokens.json")


def test_what_is_kept_is_found_again(store: TokenStore) -> None:
    store.keep(tokens(1))
    store.keep(tokens(2, subscription="4100002"))
    store.keep(tokens(3))
    assert store.find("4100001") == tokens(3)
    assert [each.subscription for each in store.every()] == ["4100001", "4100002"]


def test_what_is_dropped_is_gone_and_may_be_dropped_again(store: TokenStore) -> None:
    store.keep(tokens(1))
    store.drop("4100001")
    store.drop("4100001")
    assert store.find("4100001") is None
    assert store.every() == ()


def test_one_at_a_time_is_alone_with_an_authorization(store: TokenStore) -> None:
    entered, inside, most = threading.Barrier(4), [0], [0]

    def enter() -> None:
        entered.wait()
        for _ in range(20):
            with store.alone("4100001"):
                inside[0] += 1
                # others get their chance here
                time.sleep(0.001)
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1]


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    FileTokenStore(path).keep(tokens(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_former_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    store.keep(tokens(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.keep(tokens(2))
    assert store.find("4100001") == tokens(1)
    assert json.loads((tmp_path / "tokens.json").read_text())
    assert [each.name for each in tmp_path.iterdir() if not each.name.endswith(".lock")] == ["tokens.json"]


def test_what_is_no_token_file_is_a_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text('{"broken')
    with pytest.raises(UnreadableTokens, match=r"tokens\.json is not a token file"):
        FileTokenStore(file).keep(tokens(1))
    assert file.read_text() == '{"broken'


def test_two_stores_on_one_file_keep_each_others_tokens(tmp_path: Path) -> None:
    first, second = FileTokenStore(tmp_path / "t.json"), FileTokenStore(tmp_path / "t.json")
    first.keep(tokens(1))
    second.keep(tokens(2, subscription="4100002"))
    assert len(first.every()) == 2


@pytest.mark.parametrize(("ends_in", "fresh"), [(61, True), (60, False), (0, False), (-5, False)])
def test_a_token_is_fresh_until_a_minute_before_its_end(ends_in: int, fresh: bool) -> None:
    assert tokens(1, ends_in=ends_in).is_fresh(SECOND) is fresh


def test_tokens_do_not_show_themselves() -> None:
    assert "access-1" not in repr(tokens(1))
    assert "refresh-1" not in repr(tokens(1))
