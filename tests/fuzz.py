"""The direct encoder on random input, compiled with the sanitizers for addresses and undefined behaviour.

`make fuzz`, or `python -m tests.fuzz --seconds 600 --seed 7`. Where it stops, the seed of the round that stopped it was
printed: `--seed` begins there.
"""

import argparse
import ctypes
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from wattshare.custodian.services.disclosure.wirepath.direct import ROOM, Encoder, Memory, Stream, declare
from wattshare.custodian.services.disclosure.wirepath.flow import Run
from wattshare.custodian.services.disclosure.wirepath.names import Place
from wattshare.custodian.services.disclosure.wirepath.templates import Template

SOURCE = Path(__file__).parents[1] / "native" / "direct.c"
FLAGS = ("-O1", "-g", "-std=c11", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# with what this processor can do, and without
VARIANTS: dict[str, tuple[str, ...]] = {"here": (), "plain": ("-DWATTSHARE_PLAIN",)}
LIBRARY = "WATTSHARE_FUZZ_LIBRARY"


def main() -> None:
    """Compile, and begin anew with the sanitizers' own allocator; or go on there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    told = parser.parse_args()
    if libraries := os.environ.get(LIBRARY):
        for library in libraries.split(os.pathsep):
            fuzz(library, told.seed, told.seconds // len(VARIANTS))
        return
    compiler = shlex.split(os.environ.get("CC") or "cc")
    with tempfile.TemporaryDirectory() as folder:
        made = [Path(folder) / f"{name}.so" for name in VARIANTS]
        for path, flags in zip(made, VARIANTS.values(), strict=True):
            subprocess.run([*compiler, *FLAGS, *flags, "-o", str(path), str(SOURCE)], check=True)
        asan = subprocess.run([*compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        ubsan = subprocess.run([*compiler, "-print-file-name=libubsan.so"], capture_output=True, text=True, check=True)
        # Python's own memory pools would hide what is written beyond an end
        environment = os.environ | {
            LIBRARY: os.pathsep.join(map(str, made)),
            "LD_PRELOAD": f"{asan.stdout.strip()} {ubsan.stdout.strip()}",
            "PYTHONMALLOC": "malloc",
            "ASAN_OPTIONS": "detect_leaks=0",
        }
        words = [sys.executable, "-m", "tests.fuzz", "--seconds", str(told.seconds), "--seed", str(told.seed)]
        raise SystemExit(subprocess.run(words, env=environment, check=False).returncode)


def fuzz(library: str, seed: int, seconds: int) -> None:
    """Rounds until the time is over."""
    loaded = ctypes.CDLL(library)
    declare(loaded)
    encoder = Encoder(calls=loaded, version="fuzz", form=loaded.wattshare_form())
    begun, rounds, size = time.monotonic(), 0, 0
    while time.monotonic() - begun < seconds:
        try:
            size += one_round(encoder, random.Random(seed + rounds))
        except BaseException:
            print(f"seed {seed + rounds}", flush=True)
            raise
        rounds += 1
        if rounds % 500 == 0:
            print(f"seed {seed + rounds}: {rounds} rounds, {size / 1e6:.0f} MB", flush=True)
    seeds = f"seeds {seed} to {seed + rounds - 1}"
    print(f"{Path(library).stem}: {rounds} rounds, {size / 1e6:.0f} MB of text, nothing found; {seeds}", flush=True)


def one_round(encoder: Encoder, dice: random.Random) -> int:
    """A stream of random pieces in a room of random size, held against what it should be. How many bytes that is."""
    state = ctypes.create_string_buffer(encoder.calls.wattshare_state_size())
    # whatever was in it before does not matter
    ctypes.memset(state, dice.choice((0, 255, 7)), len(state))
    room = dice.choice((ROOM, ROOM - dice.randrange(1_000), 280_000))
    stream = Stream(encoder, Memory(state, ctypes.create_string_buffer(room)))
    texts, made = alphabet(dice), [template(encoder, dice) for _ in range(dice.randrange(1, 4))]
    body, expected = list[bytes](), list[bytes]()
    for _ in range(dice.randrange(1, 8)):
        if dice.random() < 0.4:
            piece = b"".join(dice.choices(texts, k=dice.randrange(1, 60)))
            body.append(stream.text(piece))
            expected.append(piece)
        else:
            run = days(encoder, dice, [one for one in made if one.compiled is not None])
            body.append(stream.days(run))
            expected.extend(run.texts())
    body.append(stream.end())
    text = b"".join(expected)
    inflating = zlib.decompressobj(-15)
    if inflating.decompress(b"".join(body)) != text or not inflating.eof or inflating.unused_data:
        raise AssertionError("the stream holds something else")
    if (stream.crc, stream.size) != (zlib.crc32(text), len(text)):
        raise AssertionError("the sum or the size is another")
    return len(text)


def alphabet(dice: random.Random) -> list[bytes]:
    """Texts that come again."""
    lengths = (0, 1, 3, 4, 5, 10, 30, 257, 258, 259, 260, 261, 300, 3_000, 33_000)
    made = [dice.randbytes(dice.choice(lengths[: dice.choice((8, 14, 15))])) for _ in range(dice.randrange(1, 20))]
    return [
        one.replace(b"%", b"/")
        for one in (*made, *(bytes([dice.randrange(256)]) * dice.choice(lengths) for _ in range(3)))
    ]


def template(encoder: Encoder, dice: random.Random) -> Template:
    """A template of alike and other segments."""
    texts = alphabet(dice)
    head = [dice.choice(texts)[:3_000] for _ in range(6)]
    segments, count = dice.choices(texts, k=dice.randrange(1, 4)), dice.choice((0, 1, 2, 3, 24, 96, 100, 288))
    numbers = list[bytes]()
    for number in range(count):
        segment = bytearray(segments[number % len(segments)][:600])
        if dice.random() < 0.8 and len(segment) > 12:
            at = dice.randrange(len(segment) - 10)
            segment[at : at + 10] = b"%010d" % (1_700_000_000 + 900 * number)
        if dice.random() < 0.05:
            segment += dice.choice(texts)[:400]
        numbers.append(bytes(segment).replace(b"%", b"/"))
    if count and dice.random() < 0.05:
        # beyond what a distance can say
        numbers[dice.randrange(count)] = dice.randbytes(40_000).replace(b"%", b"/")
    text = b"%b".join(head) + b"".join(b"%ld" + one for one in numbers)
    return Template(text, None, encoder.template(text, count))


def days(encoder: Encoder, dice: random.Random, made: list[Template]) -> Run:
    """Days of one channel, of any width and with any numbers."""
    href = dice.randbytes(dice.choice((0, 1, 190, 1_000)))
    run = Run(encoder, Place(href, dice.randbytes(dice.randrange(0, 260))))
    for _ in range(dice.randrange(1, 70) if made else 0):
        chosen, width = dice.choice(made), dice.choice((1, 2, 2, 4, 8))
        assert chosen.compiled is not None
        most = min(2 ** (8 * width - 1), dice.choice((2, 10, 1_000, 100_000, 2**63)))
        least = -most if dice.random() < 0.3 else 0
        values = [dice.randrange(least, most) for _ in range(chosen.compiled.numbers)]
        # values that end with zeros: none, some, all
        round_ones = dice.choice((0, 0.5, 1))
        values = [value - value % 1000 if value > 0 and dice.random() < round_ones else value for value in values]
        numbers = b"".join(value.to_bytes(width, "little", signed=True) for value in values)
        stamps = dice.randbytes(dice.choice((0, 20, 64))), dice.randbytes(dice.choice((0, 20)))
        run.templates.append(chosen)
        run.records += chosen.compiled.address, dice.randrange(2**63), width, len(numbers), *map(len, stamps)
        run.data += *stamps, numbers
    return run


if __name__ == "__main__":
    main()
