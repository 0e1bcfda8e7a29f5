"""Rows of several tables written, or read, in one round trip: for the way of a report, where time counts.

Django builds each statement anew from its parts, and that takes this process several times as long as the
database takes to run it. Here the words of a statement are built once for each model; values are turned into
what the database stores, and back, by the model's own fields. Nothing else is kept.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

Statement = tuple[str, Sequence[Any]]
AS_THEY_ARE: dict[type, type | tuple[type, ...]] = {
    str: (models.CharField, models.TextField),
    int: models.IntegerField,
    bool: models.BooleanField,
}
# For a commit whose loss, when the database dies within milliseconds, costs nothing: no wait for the disk. It is
# sent in front, and holds for its own transaction only.
UNHURRIED: Statement = ("SELECT set_config('synchronous_commit', 'off', true)", ())
HURRIED: Statement = ("SET LOCAL synchronous_commit TO DEFAULT", ())


def insert(*rows: models.Model) -> Statement:
    """What writes new rows, of one or several tables, in their order.

    What the database gives, numbers and times of its own, is not read back: whoever needs it uses ``create``.
    """
    words: list[str] = []
    values: list[Any] = []
    for model, some in groupby(rows, type):
        into, fields = _new(model)
        words.append(f"{into} VALUES {', '.join([_cells(row, fields, values) for row in some])}")
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    return "; ".join(words), values


def update(row: models.Model, *names: str) -> Statement:
    """What writes these fields of a row that is there already."""
    words, fields = _changed(type(row), names)
    return words, [_stored(row, field) for field in fields]


def run(*statements: Statement) -> None:
    """Send statements as one message to the server. Outside a transaction they are one of their own."""
    ask("", (), first=statements)


def ask(question: str, values: Sequence[Any], *, first: Iterable[Statement] = ()) -> list[tuple[Any, ...]]:
    """The answer to one question as plain values. ``first`` goes along in front, in the same message."""
    statements = [some for some in (*first, (question, values)) if some[0]]
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(words for words, _ in statements), [v for _, some in statements for v in some]
        )
        while cursor.nextset():
            pass
        return list(cursor.fetchall()) if cursor.description else []


def read[M: models.Model](
    model: type[M],
    where: str,
    values: Sequence[Any],
    *,
    but: tuple[str, ...] = (),
    first: Iterable[Statement] = (),
) -> list[M]:
    """The rows of a model. ``where`` is all that follows FROM, in which the model's table is ``r``.

    ``but`` names fields not wanted; each is read when it is asked for. ``first`` as in ``ask``.
    """
    question = f"SELECT {columns(model, but)[0]} FROM {model._meta.db_table} AS r {where}"  # noqa: S608 - our own words
    return [made(model, row, but=but) for row in ask(question, values, first=first)]


def made[M: models.Model](model: type[M], values: Sequence[Any], *, but: tuple[str, ...] = ()) -> M:
    """A row as the database gave it, in the order of ``columns``."""
    _, names, readers = columns(model, but)
    row = list(values)
    for at, field in readers:
        row[at] = field.from_db_value(row[at], None, connection)  # type: ignore[attr-defined]
    return model.from_db(connection.alias, names, row)


Fields = tuple["models.Field[Any, Any]", ...]


@cache
def columns(
    model: type[models.Model], but: tuple[str, ...] = (), table: str = "r"
) -> tuple[str, tuple[str, ...], tuple[tuple[int, "models.Field[Any, Any]"], ...]]:
    """The columns to ask for, their names, and which of them the model's fields turn into something else."""
    fields = [field for field in model._meta.concrete_fields if field.name not in but]
    words = ", ".join(f'{table}."{field.column}"' for field in fields)
    readers = tuple((at, field) for at, field in enumerate(fields) if hasattr(field, "from_db_value"))
    return words, tuple(field.attname for field in fields), readers


@cache
def _new(model: type[models.Model]) -> tuple[str, Fields]:
    fields = tuple(field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))
    words = ", ".join(f'"{field.column}"' for field in fields)
    return f'INSERT INTO "{model._meta.db_table}" ({words})', fields


@cache
def _changed(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, Fields]:
    by_name = {field.name: field for field in model._meta.concrete_fields}
    fields, key = [by_name[name] for name in names], by_name[_key_of(model)]
    words = ", ".join([f'"{field.column}" = %s' for field in fields])
    return f'UPDATE {model._meta.db_table} SET {words} WHERE "{key.column}" = %s', (*fields, key)  # noqa: S608


def _key_of(model: type[models.Model]) -> str:
    return next(field.name for field in model._meta.concrete_fields if field.primary_key)


def _cells(row: models.Model, fields: Fields, values: list[Any]) -> str:
    """The places of a row's values, which are added; a column left to the database keeps its default."""
    cells = []
    for field in fields:
        value = _stored(row, field)
        if isinstance(value, DatabaseDefault):
            cells.append("DEFAULT")
        elif value is None:
            cells.append("NULL")
        else:
            cells.append("%s")
            values.append(value)
    return f"({', '.join(cells)})"


def _stored(row: models.Model, field: "models.Field[Any, Any]") -> Any:
    value = field.pre_save(row, add=False)
    if value is None or isinstance(value, DatabaseDefault):
        return value
    kind = AS_THEY_ARE.get(type(value))
    if kind is not None and isinstance(field, kind):
        return value
    return field.get_db_prep_save(value, connection)
