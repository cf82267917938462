"""What nobody can guess."""

import secrets
import uuid


def random_text(prefix: str) -> str:
    """256 random bits behind a prefix."""
    return prefix + secrets.token_urlsafe(32)


def random_hex(length: int) -> str:
    """So many random hexadecimal digits."""
    return secrets.token_hex(length // 2)


def random_uuid() -> str:
    """A random UUID."""
    return str(uuid.uuid4())
