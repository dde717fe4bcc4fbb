"""Seeded changes of texts that were right."""

import random
import re
from collections.abc import Iterator

from tests.hostile import seeds

NUMBERS = ("nan", "inf", "-1", "1e308", "words", "", "9" * 400, "1e-320", "0x7f")


def changed(text: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """What was done, and the changed bytes: bits flipped, cut, lines lost or doubled, numbers replaced."""
    chance = random.Random(seeds.seed(seed))
    kinds = (_flipped, _cut, _line_lost, _line_doubled, _number, _number, _swapped, _widened)
    for k in range(count):
        kind = kinds[k % len(kinds)]
        yield f"{kind.__name__.strip('_')} {k}", kind(text, chance)


def _flipped(text: str, chance: random.Random) -> bytes:
    data = bytearray(text.encode())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut(text: str, chance: random.Random) -> bytes:
    return text.encode()[: chance.randrange(len(text) // 8, len(text))]


def _line_lost(text: str, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return "".join(lines).encode()


def _line_doubled(text: str, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), lines[chance.randrange(len(lines))])
    return "".join(lines).encode()


def _number(text: str, chance: random.Random) -> bytes:
    found = list(re.finditer(r"(?<![A-Za-z_])-?\d+(?:\.\d+)?", text))
    if not found:
        return _flipped(text, chance)
    one = chance.choice(found)
    return (text[: one.start()] + chance.choice(NUMBERS) + text[one.end() :]).encode()


def _swapped(text: str, chance: random.Random) -> bytes:
    a, b = sorted(chance.sample(range(len(text)), 2))
    return (text[:a] + text[b] + text[a + 1 : b] + text[a] + text[b + 1 :]).encode()


def _widened(text: str, chance: random.Random) -> bytes:
    place = chance.randrange(len(text))
    return (
        text[:place] + chance.choice(("\t", "\0", "\r", "é", "‮", "'", '"', "[", "&a ", "{")) + text[place:]
    ).encode()
