"""What a transaction is for is put down by functions, which reach further where there are several machines."""

from alembic import op

from wattshare.custodian.store.guards import OPENING

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the functions."""
    if op.get_bind().dialect.name == "postgresql":
        for function in OPENING:
            op.execute(function)
