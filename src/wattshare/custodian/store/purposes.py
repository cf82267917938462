"""What a transaction is for.

PostgreSQL holds a second net below the queries (`guards`): a transaction sees only those rows of customers' data
that what it is for opens, whatever its statements say. Whoever opens one says so; who says nothing sees none.
SQLite has no such net.
"""

from enum import StrEnum


class Purpose(StrEnum):
    """What a transaction is for, where it is not for one authorization."""

    HOUSE = "house"
    PEOPLE = "people"
    OWN = "own"
    BATCH = "batch"
    INTAKE = "intake"
    UPKEEP = "upkeep"


MEANT = {
    Purpose.HOUSE: "registrations, tokens, the list of authorizations, jobs, the trail; where nothing else is said",
    Purpose.PEOPLE: "a customer at a page, and consent: who customers are and what they hold",
    Purpose.OWN: "a customer who looks at their own readings and bills",
    Purpose.BATCH: "a file for many authorizations",
    Purpose.INTAKE: "what is taken in",
    Purpose.UPKEEP: "what keeps the tables in shape",
}
# a purpose, or the id of an authorization: everything of it, to read, and nothing of anybody else's
For = Purpose | int
