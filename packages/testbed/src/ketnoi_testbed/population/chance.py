"""Chance that repeats: the same choices for the same seed, whatever Python runs them.

Only `random.Random.random` promises the same numbers for ever; so every choice is made of it.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Values, each chosen as often as its weight says."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._values = tuple(weights)
        self._bounds = tuple(accumulate(weights.values()))
        self._total = self._bounds[-1]

    @classmethod
    def evenly(cls, values: Iterable[T]) -> Weighted[T]:
        """One weight for each time that a value stands in `values`."""
        weights: dict[T, float] = {}
        for value in values:
            weights[value] = weights.get(value, 0) + 1
        return cls(weights)

    def pick(self, chance: Chance) -> T:
        """One of the values."""
        return self._values[bisect(self._bounds, chance.random() * self._total)]


class Chance:
    """A stream of choices. `seed` may be any text."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed).random  # noqa: S311 - invented people need no secrets

    def below(self, limit: int) -> int:
        """A whole number from 0 on, below `limit`."""
        return int(self.random() * limit)

    def between(self, first: int, last: int) -> int:
        """A whole number from `first` to `last`, both included."""
        return first + int(self.random() * (last - first + 1))

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.random() < probability
