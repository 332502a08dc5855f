"""Many new rows at once, by PostgreSQL's COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import AutoField, Field, Model


def copy_in(rows: Sequence[Model]) -> None:
    """Add new rows, in their order, each with the values that it has; numbers of rows are the database's to give.

    Neither `save()` nor a signal runs.
    """
    for model, some in groupby(rows, type):
        copy_values(model, (values_of(row) for row in some))


def values_of(row: Model) -> list[Any]:
    """What the database is given of a row, in the order of `columns`."""
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in _fields(type(row))]


def columns(model: type[Model]) -> list[str]:
    """The columns that COPY fills, as attributes of the model."""
    return [field.attname for field in _fields(model)]


def copy_values(model: type[Model], rows: Iterable[Sequence[Any]]) -> None:
    """Add new rows of which the values are known."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in _fields(model))
    command = f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def analyse(*models: type[Model]) -> None:
    """Have the planner know at once how much there is, as it does after a while by itself."""
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def settle(*models: type[Model]) -> None:
    """Mark what is the same for everybody, as the database does after a while by itself, where no transaction is open.

    Without the marks a count looks at each row instead of an index.
    """
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"VACUUM {connection.ops.quote_name(model._meta.db_table)}")


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
