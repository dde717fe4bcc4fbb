"""Seeded changes of binary files that were right."""

import random
import struct
from collections.abc import Iterator

from tests.hostile import seeds

EXTREMES = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000)
DOUBLES = (float("nan"), float("inf"), -1.0, 0.0, 1e308, 1e15)


def damaged(data: bytes, count: int, seed: int, head: int = 4096) -> Iterator[tuple[str, bytes]]:
    """What was done, and the changed bytes; every other change lies in the first `head` bytes, the header."""
    chance = random.Random(seeds.seed(seed))
    kinds = (_flipped, _extreme, _double, _cut, _zeroed, _doubled, _removed)
    for k in range(count):
        kind = kinds[k % len(kinds)]
        end = min(head, len(data)) if k % 2 else len(data)
        yield f"{kind.__name__.strip('_')} {k}", kind(data, chance.randrange(8, end), chance)


def _flipped(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def _extreme(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + struct.pack("<I", chance.choice(EXTREMES)) + data[place + 4 :]


def _double(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + struct.pack("<d", chance.choice(DOUBLES)) + data[place + 8 :]


def _cut(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place]


def _zeroed(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + bytes(min(512, len(data) - place)) + data[place + 512 :]


def _doubled(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[: place + 64] + data[place:]


def _removed(data: bytes, place: int, chance: random.Random) -> bytes:
    return data[:place] + data[place + 16 :]
