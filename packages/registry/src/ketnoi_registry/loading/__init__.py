"""Bringing people and administrative units into the registry: typed rows from a program, CSV files from an operator."""

from .rows import load_people, load_units

__all__ = ["load_people", "load_units"]
