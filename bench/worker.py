"""A worker's part, in a process of its own: make a batch of a third party's news, or only read what would be in it."""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bench.machine import forget_most, most_resident, resident
from bench.utility import SEED
from wattshare.custodian.app import opened
from wattshare.custodian.house import House
from wattshare.custodian.memory import settled
from wattshare.custodian.model.work import Batch, BatchState
from wattshare.custodian.store.batches import BATCH
from wattshare.custodian.store.deltas import Asked
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.endpoints import by_name

BULK = by_name("batch-bulk")


def make(house: House, party: int) -> dict[str, Any]:
    """Make a batch without bounds, by the code that makes every one."""
    batch = Batch(
        id=house.batches.new_uuid(),
        third_party_id=party,
        authorization_id=None,
        endpoint=BULK.name,
        window="",
        transaction=None,
        ordered_at=house.now(),
    )
    earlier = (BATCH.c.third_party_id == party) & ~BATCH.c.id.startswith(SEED)
    with house.store.begin() as tx:
        # as if this was the first one since yesterday's
        tx.batches._connection.execute(update(BATCH).where(earlier).values(state=BatchState.VOID))
        tx.batches.add(batch)
    # starting takes more for a moment than anything that comes later
    forget_most()
    idle, cpu, begun = resident(os.getpid()), time.process_time(), time.monotonic()
    house.batches.make(batch.id)
    took, used = time.monotonic() - begun, time.process_time() - cpu
    with house.store.read(Purpose.BATCH) as tx:
        [part] = tx.batches.parts(batch.id)
        count = sum(1 for _ in tx.deltas.authorizations(party, None, house.now()))
    return {
        "seconds": took,
        "cpu": used,
        "idle": idle,
        "most": most_resident(os.getpid()),
        "file": str(house.batches.files.path(part.file)),
        "path": BULK.href("", house.profile, bulk=party),
        "part": part.correlation_id,
        "readings": part.entries * 96,
        "authorizations": count,
        **{name: value for name, value in asdict(part).items() if name in ("usage_points", "gzip_bytes")},
    }


def drain(house: House, party: int) -> dict[str, Any]:
    """Read the rows of which the file is made, as many at a time, and do nothing with them."""
    cpu, begun, rows = time.process_time(), time.monotonic(), 0
    with house.store.read(Purpose.BATCH) as tx:
        found = tx.batches.by_id(f"{SEED}{party}")
        since = None if found is None else found.ordered_at
        for commodity in tx.deltas.commodities(party, None, house.now()):
            asked = Asked(third_party_id=party, only=None, commodity=commodity, at=house.now(), since=since, until=None)
            rows += sum(1 for _ in tx.deltas.every_row(asked))
    return {"seconds": time.monotonic() - begun, "cpu": time.process_time() - cpu, "rows": rows}


def main() -> None:
    """`python -m bench.worker HOME make|drain SIZE`: prints what was found as JSON."""
    home, what, size = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    party = json.loads((home / "bench.json").read_text())["third_parties"][size]["id"]
    with opened(home) as house:
        # as `wattshare worker` does
        settled()
        found = (make if what == "make" else drain)(house, party)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
