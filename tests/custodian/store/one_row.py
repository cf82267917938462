"""`python -m tests.custodian.store.one_row`: whether migrations stand in one row; two of one number would fork it."""

import sys

from alembic.script import ScriptDirectory

from wattshare.custodian.store.steps import MIGRATIONS

if __name__ == "__main__":
    heads = ScriptDirectory(MIGRATIONS).get_heads()
    sys.exit(f"migrations end in {heads}" if len(heads) != 1 else 0)
