"""Where a server keeps its counts: numbers by name, in a memory that other processes may read."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Cells", "Tally"]

Key = tuple[str, ...]

_WORD = 8  # bytes; of a number, and what everything is aligned to
_SPARE = 64  # numbers behind the first word that take what finds no room; nobody reads them
_START = _WORD * (1 + _SPARE)
_ALONE = 1 << 20  # bytes; only what is used of them takes memory

_log = structlog.get_logger(__name__)


class Cells:
    """Vectors of numbers, each under a name, that are added to and never taken away.

    One process writes and any may read. Each entry is complete before the count of used
    bytes takes it in, so that a writer that is killed leaves whole entries; and its
    successor, on the same memory, goes on from what stood there.

    Args:
        memory: Zeros, or what an earlier `Cells` left; a multiple of eight bytes.
    """

    def __init__(self, memory: memoryview) -> None:
        self._bytes = memory
        self._words = memory.cast("Q")
        self.numbers = memory.cast("d")
        self._places = {key: (at, n) for key, at, n in self._entries()}
        self._is_full = False

    def place(self, key: Key, n: int = 1) -> int:
        """Return where in `numbers` the vector of a name begins; not safe over threads.

        Args:
            key: The name, in parts.
            n: How many numbers it holds.
        """
        at, n_found = self._places.get(key, (0, 0))
        return at if n_found == n else self._append(key, n)

    def read(self) -> dict[Key, list[float]]:
        """Return every vector as it stands now, also those that another process added."""
        return {key: list(self.numbers[at : at + n]) for key, at, n in self._entries()}

    def _entries(self) -> Iterator[tuple[Key, int, int]]:
        at, end = _START, self._words[0] or _START
        while at < end:
            n_key, n = divmod(self._words[at // _WORD], 1 << 32)
            name = bytes(self._bytes[at + _WORD : at + _WORD + n_key])
            first = at // _WORD + 1 + _words_for(n_key)
            yield tuple(msgspec.json.decode(name, type=list[str])), first, n
            at = (first + n) * _WORD

    def _append(self, key: Key, n: int) -> int:
        name = msgspec.json.encode(key)
        begin = self._words[0] or _START
        first = begin // _WORD + 1 + _words_for(len(name))
        end = (first + n) * _WORD
        if end > len(self._bytes):
            return self._spare(key, n)
        self._bytes[begin + _WORD : begin + _WORD + len(name)] = name
        self.numbers[first : first + n] = memoryview(bytes(n * _WORD)).cast("d")
        self._words[begin // _WORD] = (len(name) << 32) | n
        self._words[0] = end  # from here on it is there
        self._places[key] = (first, n)
        return first

    def _spare(self, key: Key, n: int) -> int:
        """Let counting go on without effect: no request fails for want of a figure."""
        if not self._is_full:
            self._is_full = True
            _log.warning("metrics_full", first_left_out=key[0])
        self._places[key] = (1, n)
        return 1


class Tally:
    """Counts of one worker, and the sums over all workers; safe over threads.

    Args:
        mine: Where this worker counts.
        everyones: What is summed, this worker's among them.
    """

    def __init__(self, mine: Cells | None = None, everyones: Sequence[Cells] | None = None) -> None:
        self._mine = mine or Cells(memoryview(bytearray(_ALONE)))
        self._everyones = [self._mine] if everyones is None else everyones
        self._lock = threading.Lock()

    def add(self, *key: str, by: float = 1) -> None:
        """Add to a count."""
        with self._lock:
            self._mine.numbers[self._mine.place(key)] += by

    def observe(self, *key: str, bounds: Sequence[float], value: float) -> None:
        """Count a value under the first bound that it does not exceed, and add it to the sum.

        Args:
            key: The distribution's name.
            bounds: Upper bounds, inclusive and rising; those of a name stay the same.
            value: In the unit of the bounds.
        """
        n = len(bounds) + 2  # one above all bounds, and the sum
        with self._lock:
            first = self._mine.place(key, n)
            self._mine.numbers[first + bisect_left(bounds, value)] += 1
            self._mine.numbers[first + n - 1] += value

    def sums(self) -> dict[Key, list[float]]:
        """Return each vector, summed over all workers, in the order of the names."""
        vectors: defaultdict[Key, list[list[float]]] = defaultdict(list)
        for cells in self._everyones:
            for key, numbers in cells.read().items():
                vectors[key].append(numbers)
        return {
            key: [sum(column) for column in zip(*found, strict=False)]
            for key, found in sorted(vectors.items())
        }

    def sum(self, *key: str) -> float:
        """Return one count; zero if nothing was counted."""
        return self.sums().get(key, [0.0])[0]


def _words_for(n_bytes: int) -> int:
    return -(-n_bytes // _WORD)
