"""Tables of readings in Parquet, which can be read more than once: in batches of columns, or as texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.text import Rows, Unreadable

# rows that are held at a time; and of texts as many as of CSV, or so many cells
ROWS, TEXTS, CELLS = 1 << 18, 20_000, 400_000
COLUMNS = 2_000


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file that can be read more than once."""

    file: BinaryIO
    header: tuple[str, ...]
    schema: pa.Schema

    @classmethod
    def open(cls, file: BinaryIO) -> "ParquetTable":
        """A table.

        Raises:
            Unreadable: it is no Parquet, or has too many columns.
        """
        file.seek(0)
        try:
            schema = pq.ParquetFile(pa.PythonFile(file, mode="r")).schema_arrow
        except (pa.ArrowException, OSError) as why:
            raise Unreadable("The file is no Parquet that can be read.") from why
        if len(schema) > COLUMNS:
            raise Unreadable(f"The file has {len(schema)} columns; at most {COLUMNS} are read.")
        return cls(file, tuple(schema.names), schema)

    def tables(self, columns: Sequence[str] | None = None, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in batches of columns.

        Raises:
            Unreadable: the file is damaged.
        """
        self.file.seek(0)
        try:
            source = pq.ParquetFile(pa.PythonFile(self.file, mode="r"), pre_buffer=False)
            yield from source.iter_batches(batch_size=rows or ROWS, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as why:
            raise Unreadable("The file is damaged.") from why

    def count(self) -> int:
        """How many rows there are."""
        self.file.seek(0)
        return int(pq.read_metadata(pa.PythonFile(self.file, mode="r")).num_rows)

    def batches(self) -> Iterator[Rows]:
        """The rows as texts, many at a time; the first is row 1."""
        number = 1
        for batch in self.tables(rows=min(TEXTS, max(CELLS // max(len(self.header), 1), 1))):
            columns = [_texts(column) for column in batch.columns]
            yield Rows(number, [list(row) for row in zip(*columns, strict=True)])
            number += batch.num_rows

    def sample(self, count: int = 200) -> tuple[tuple[str, ...], ...]:
        """The first rows."""
        for batch in self.tables(rows=count):
            columns = [_texts(column) for column in batch.slice(0, count).columns]
            return tuple(zip(*columns, strict=True))
        return ()

    def raw(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Some rows as text, cells between commas."""
        wanted = set(numbers)
        for batch in self.batches():
            for number, row in enumerate(batch.rows, batch.first):
                if number in wanted:
                    yield number, ",".join(row)


def _texts(column: pa.Array) -> list[str]:
    """A column as texts: times in ISO 8601, binary fractions as their shortest decimals."""
    if pa.types.is_timestamp(column.type):
        form = "%Y-%m-%dT%H:%M:%SZ" if column.type.tz else "%Y-%m-%dT%H:%M:%S"
        # what is no whole second keeps its fraction, as far as a text's is read, and is a bad row by it
        fine = pa.timestamp("us", "UTC" if column.type.tz else None)
        times = column.cast(fine, safe=False).to_pylist()
        return ["" if one is None else one.strftime(_fine(form) if one.microsecond else form) for one in times]
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        # texts of writers that leave away what says that they are texts
        return ["" if one is None else one.decode(errors="replace") for one in column.to_pylist()]
    if pa.types.is_float32(column.type):
        # the shortest of that width: Python's is the one of the next
        return ["" if one is None else one for one in column.cast(pa.string()).to_pylist()]
    if pa.types.is_floating(column.type):
        return ["" if one is None else repr(one) for one in column.to_pylist()]
    if pa.types.is_decimal(column.type):
        return ["" if one is None else f"{one:f}" for one in column.to_pylist()]
    return ["" if one is None else str(one) for one in column.to_pylist()]


def _fine(form: str) -> str:
    return form.replace("%S", "%S.%f")


def has_floats(table: ParquetTable, meaning: Meaning) -> bool:
    """Whether values stand as binary fractions."""
    names = [meaning.columns.get(role, "") for role in ("value", "received")]
    return any(name in table.header and pa.types.is_floating(table.schema.field(name).type) for name in names)
