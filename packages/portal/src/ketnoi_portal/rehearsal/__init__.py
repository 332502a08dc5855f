"""A rehearsal's people and offices, from one file: for a test bed, and refused anywhere else."""
