"""Everybody as a CSV file that `ketnoi-registry load` takes."""

from __future__ import annotations

import csv
import gzip
import io
import multiprocessing
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from ketnoi_registry.loading.columns import COLUMNS, csv_record
from ketnoi_testbed.population.loading import WORTH_A_PROCESS
from ketnoi_testbed.population.people import CHUNK, Population

# Everybody is Vietnamese and everything lies in Vietnam, which is what a column that is not there says.
WRITTEN = tuple(name for name in COLUMNS if not name.endswith(("_country", "_nationality")))
_written_of = itemgetter(*map(COLUMNS.index, WRITTEN))


def write_csv(
    file: Path, population: Population, *, processes: int = 2, tell: Callable[[int], object] = lambda _done: None
) -> int:
    """Write the file anew, compressed when its name ends in .gz; returns how many people are in it.

    `tell` hears now and then how many are written. The text is the same for the same seed and size, whatever
    `processes` is. Raises OSError.
    """
    chunks = range(population.chunks)
    make = partial(_chunk, population.seed, population.people)
    with gzip.open(file, "wb", compresslevel=1) if file.suffix == ".gz" else file.open("wb") as out:
        out.write((",".join(WRITTEN) + "\n").encode())
        if processes == 1 or population.people < WORTH_A_PROCESS:
            _write(map(make, chunks), out, population.people, tell)
        else:
            # Not forked: the caller has threads and connections of its own.
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                _write(pool.imap(make, chunks), out, population.people, tell)
    return population.people


def _write(texts: Iterable[bytes], out: gzip.GzipFile | BinaryIO, people: int, tell: Callable[[int], object]) -> None:
    for number, text in enumerate(texts, 1):
        out.write(text)
        tell(min(people, number * CHUNK))


def _chunk(seed: int, people: int, number: int) -> bytes:
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    for row in _population(seed, people).chunk(number):
        write(_written_of(csv_record(row)))
    return text.getvalue().encode()


@lru_cache(maxsize=1)
def _population(seed: int, people: int) -> Population:
    return Population(seed, people)
