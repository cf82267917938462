"""Files that were taken in, and revisions."""

from wattshare.custodian.store.database import Store
from wattshare.custodian.store.imports import FOREIGN_NAME

REPORT = {"name": "a.csv", "digest": "ab", "kind": "readings", "revision": 1, "read": 3}


def test_revisions_grow_from_one(store: Store) -> None:
    with store.begin() as tx:
        assert tx.revisions.last() == 0
        assert [tx.revisions.begin("import", 5) for _ in range(3)] == [1, 2, 3]
    with store.read() as tx:
        assert tx.revisions.last() == 3


def test_a_file_is_known_by_its_bytes_and_by_where_it_went(store: Store) -> None:
    with store.begin() as tx:
        revision = tx.revisions.begin("import", 5)
        tx.imports.add("ab" * 32, {"usage_point": 1}, revision=revision, at=5, report=REPORT)
        assert tx.imports.report("ab" * 32, {"usage_point": 1}) == REPORT
        assert tx.imports.report("ab" * 32, {"usage_point": 2}) is None
        assert tx.imports.report("cd" * 32, {"usage_point": 1}) is None


def test_names_of_others_are_kept_as_macs(store: Store) -> None:
    with store.begin() as tx:
        tx.imports.learn("usage_point", "riverton.example|1234567890-1", 9_000_000_001)
        assert tx.imports.known("usage_point", "riverton.example|1234567890-1") == 9_000_000_001
        assert tx.imports.known("channel", "riverton.example|1234567890-1") is None
        assert tx.imports.named("usage_point", 9_000_000_001)
        assert not tx.imports.named("usage_point", 9_000_000_002)
    with store.engine.connect() as connection:
        assert "1234567890" not in str(connection.execute(FOREIGN_NAME.select()).all())
