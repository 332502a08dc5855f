"""Measurements of Ketnoi, always two sides in one run, as ratios. `make bench OUT=FILE`."""
