"""Invented people: a whole population from a seed number, the same for the same seed, of whom nobody exists.

    people = Population(seed=2026, people=100_000)
    for row in people: ...            # ketnoi_registry.people.PersonRow, streamed
    load(dsn, people)                 # into a registry's database, over several processes

Every personal number begins with 9, which is never issued, and so does every old ID number (our choice).
"""

from ketnoi_testbed.population.country import administrative_units
from ketnoi_testbed.population.csv_file import write_csv
from ketnoi_testbed.population.loading import load, load_units_of_both_maps, prepare
from ketnoi_testbed.population.people import Population, Sample

__all__ = ["Population", "Sample", "administrative_units", "load", "load_units_of_both_maps", "prepare", "write_csv"]
