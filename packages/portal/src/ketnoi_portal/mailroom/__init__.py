"""Registrations that come by e-mail: fetched, read within bounds, kept, opened as drafts, and answered."""
