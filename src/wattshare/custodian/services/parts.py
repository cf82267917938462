"""The parts of a batch: which are there, and where their making goes on."""

from collections.abc import Iterable
from dataclasses import replace

from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import BATCH_OVER, Part
from wattshare.custodian.services.disclosure.bulk import Place
from wattshare.custodian.services.members import Members
from wattshare.custodian.store.database import Tx


def place_behind(parts: list[Part], members: list[Members]) -> Place | None:
    """Where the making of a batch goes on behind these parts; None: at the beginning."""
    if not parts:
        return None
    commodity = parts[-1].commodity
    # one of which nothing is left stands where it stood
    last = max(one.last for part, one in zip(parts, members, strict=True) if part.commodity == commodity)
    return Place(None if commodity is None else Commodity(commodity), last)


def same(parts: Iterable[Part], known: Iterable[Part]) -> bool:
    """Whether these are the same parts, in whatever version."""
    return [part.correlation_id for part in parts] == [part.correlation_id for part in known]


def awaited(tx: Tx, part: Part) -> bool:
    """Whether a part is still to be made again: no other worker was faster, after our lease ran out."""
    # held until the commit
    batch, found = tx.batches.by_id(part.batch_id), tx.batches.part(part.correlation_id)
    if batch is None or batch.state in BATCH_OVER or found is None:
        return False
    known, _ = found
    return known.stale and known.version == part.version


def emptied(part: Part) -> Part:
    """A part of which nothing is left."""
    return replace(part, file=None, identity_bytes=0, gzip_bytes=0, sha256="", entries=0, readings=0, usage_points=0)
