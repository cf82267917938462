"""The one MetaData that every table of the house stands on, and the column types that they share."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData

# constraints get names by rule, so that a migration can name them on every database
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ids and epoch seconds: 64 bits everywhere. SQLite's INTEGER has them, and makes a key that grows by itself
Big = BigInteger().with_variant(Integer(), "sqlite")

# what a query gives, by column name
Row = Mapping[Any, Any]
