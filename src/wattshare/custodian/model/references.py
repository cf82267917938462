"""Short names for authorizations, that a person can read to another over the telephone."""

# without letters and digits that are taken for one another
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
PLACES = 6
SIZE: int = len(ALPHABET) ** PLACES
# has no factor in common with the size: neighbours look nothing alike, and no two are the same
STRIDE = 276_183_457
BACK: int = pow(STRIDE, -1, SIZE)


def reference(authorization_id: int) -> str:
    """The reference of an authorization, such as R7K-2QF."""
    rest, letters = authorization_id * STRIDE % SIZE, ""
    for _ in range(PLACES):
        rest, place = divmod(rest, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return f"{letters[:3]}-{letters[3:]}"


def dereferenced(text: str) -> int | None:
    """The authorization that a reference names, however it is typed; None: it is none."""
    letters = text.upper().replace("-", "").replace(" ", "")
    if len(letters) != PLACES or not set(letters) <= set(ALPHABET):
        return None
    number = 0
    for letter in letters:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    return number * BACK % SIZE
