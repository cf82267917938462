"""The custodian's commands: a few lines each over a service."""
