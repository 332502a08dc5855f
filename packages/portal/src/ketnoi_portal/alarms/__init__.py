"""Alarms of the registries: fetched, told to C06, and looked at by somebody who says what came of it."""
