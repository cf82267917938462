"""What nobody can guess."""

import secrets

# two bits of the digit say whose UUIDs they are, the others are random
VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def random_text(prefix: str) -> str:
    """256 random bits behind a prefix."""
    return prefix + secrets.token_urlsafe(32)


def random_hex(length: int) -> str:
    """So many random hexadecimal digits."""
    return secrets.token_hex(length // 2)


def random_key() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(32)


def random_uuid() -> str:
    """A random UUID: version 4 of RFC 9562, as `uuid.uuid4` makes it, but for an object that only its text is of."""
    digits = secrets.token_hex(16)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
