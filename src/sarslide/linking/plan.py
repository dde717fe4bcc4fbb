"""Which dates of a stack are linked together."""

from collections.abc import Sequence
from dataclasses import dataclass

from sarslide.names import split_pair


@dataclass(frozen=True)
class MiniStacks:
    """The mini-stacks of a stack, each named by its first date.

    Attributes
    ----------
    dates : sequence of str
        Dates of the stack, `YYYYMMDD`, in order.
    pairs : sequence of str
        Its pairs.
    size : int
        Dates of a mini-stack.
    """

    dates: Sequence[str]
    pairs: Sequence[str]
    size: int

    @property
    def parts(self) -> dict[str, list[str]]:
        """Dates of each mini-stack by its name, in order."""
        parts = [list(self.dates[k : k + self.size]) for k in range(0, len(self.dates), self.size)]
        return {part[0]: part for part in parts}

    def of(self, date: str) -> str:
        """The mini-stack that a date is linked in.

        Parameters
        ----------
        date : str
            The date.

        Returns
        -------
        str
            Its name.
        """
        return max(first for first in self.parts if first <= date)

    def again(self, ministack: str) -> list[str]:
        """Dates before a mini-stack that are linked with it once more.

        Parameters
        ----------
        ministack : str
            Its name.

        Returns
        -------
        list of str
            Those that its own dates have pairs with, in order; the last ones where they are more
            than a mini-stack holds.
        """
        own, ends = self.parts[ministack], map(split_pair, self.pairs)
        return sorted({earlier for earlier, later in ends if earlier < ministack and later in own})[-self.size :]

    def of_pair(self, pair: str) -> tuple[str, str]:
        """The mini-stacks that the phases of a pair are taken from.

        Parameters
        ----------
        pair : str
            Name of the pair.

        Returns
        -------
        tuple of str
            Of the earlier and of the later date: one mini-stack where it holds both.
        """
        earlier, later = split_pair(pair)
        of_later = self.of(later)
        held = earlier >= of_later or earlier in self.again(of_later)
        return of_later if held else self.of(earlier), of_later
