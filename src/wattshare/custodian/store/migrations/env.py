"""What Alembic runs: the steps, in the transaction that `Store.upgrade` has begun.

A step that is killed leaves nothing behind, so it can be run again.
"""

from alembic import context

from wattshare.custodian.store.metadata import METADATA

told = context.config.attributes["told"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    on_version_apply=lambda *, step, **_: told(f"{step.up_revision_id} {step.up_revision.doc}"),
)
context.run_migrations()
