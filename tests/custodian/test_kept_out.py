"""What a worker does not load: it stays for months, and whatever it holds is taken from the machine for as long."""

import subprocess
import sys

import pytest

# what reads XML, signs people and third parties in, registers certificates, draws pages, listens, migrates, prints
OTHERS = (
    "alembic",
    "argon2",
    "authlib",
    "babel",
    "cryptography.x509",
    "email.policy",
    "httpx",
    "jinja2",
    "joserfc",
    "lxml",
    "numpy",
    "pyarrow",
    "rich",
    "smtplib",
    "starlette",
    "uvicorn",
)
# as `wattshare worker` begins
BEGINS = """
import sys
import wattshare.command
import wattshare.custodian.cli.commands
import wattshare.custodian.app
import wattshare.custodian.cli.failing
import wattshare.custodian.memory
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a worker that has begun."""
    told = subprocess.run([sys.executable, "-c", BEGINS], stdout=subprocess.PIPE, check=True, text=True)
    return frozenset(told.stdout.split())


@pytest.mark.parametrize("other", OTHERS)
def test_a_worker_does_not_load_what_only_others_need(loaded: frozenset[str], other: str) -> None:
    assert "wattshare.custodian.services.batches" in loaded
    assert other not in loaded
