"""What is wrong with a row of a table."""

from dataclasses import dataclass

# a file with more bad rows than that is no file of what it should be; nobody looks for more of them
MOST_BAD = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be taken as what its column is said to be; the sentence says what would help."""

    column: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row that cannot be taken."""

    # of the first row behind the header: 1 is the header's own where there is one
    row: int
    column: str
    sentence: str
    # the row as it stands in the file, where it was asked for
    raw: str = ""

    def __str__(self) -> str:
        """One line for whoever sent the file."""
        where = f"row {self.row}, {self.column}" if self.column else f"row {self.row}"
        return f"{where}: {self.sentence}"


class TooManyBad(Exception):
    """More rows are bad than are looked for."""


class Unmapped(Exception):
    """A table cannot be read before questions about it are answered; the text names the keys."""

    def __init__(self, questions: "tuple[Question, ...]") -> None:
        """Take what is to be answered."""
        super().__init__(" ".join(map(_answerable, questions)))
        self.questions = questions


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a table leaves open, and the key of the mapping that answers it."""

    key: str
    sentence: str
    # what may be answered, where that is a short list
    choices: tuple[str, ...] = ()
    # what is likely, to be confirmed
    likely: str = ""


def _answerable(asked: Question) -> str:
    may = f" It may be {', '.join(asked.choices)}." if asked.choices else ""
    return f"{asked.sentence} Put {asked.key} into the mapping.{may}"
