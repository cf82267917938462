"""The bars whose parts are measured elsewhere, or not yet: each says why there is no figure."""

from collections.abc import Iterator

from bench.outcome import Outcome

MISSING = {
    "I1": "intake of Parquet is not among the services yet",
    "I2": "the commands of intake are measured when intake of tables is there",
    "I3": "needs I1's intake running beside the reads",
    "S1": "closed months are not compacted yet",
    "S2": "drops the caches of the whole machine: pass --cold on a machine of your own",
}


def measure(wanted: frozenset[str]) -> Iterator[Outcome]:
    """A row for each."""
    for name, why in MISSING.items():
        if name in wanted:
            yield Outcome(id=name, note=why)
