"""Verification with one of its numbered steps taken out, to show that each of them is needed.

A step begins at a comment `# N what` that stands alone on its line in the function, and ends before the next one; the
function's last `return` belongs to none. The module's source is changed as a tree and run under another name.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

_NUMBERED = re.compile(r"# (\d+) \S")


def steps_of(function: Callable[..., Any]) -> list[int]:
    """The numbers of the function's steps, as they stand in its source."""
    return [number for number, _ in _comments(function)]


def without_step(function: Callable[..., Any], number: int, instead: str = "") -> Callable[..., Any]:
    """The function as it would be without step `number`.

    `instead` are statements that give later steps the names that they need, as an attacker would choose them.
    Raises LookupError when there is no such step.
    """
    module = sys.modules[function.__module__]
    tree = ast.parse(inspect.getsource(module))
    lines = dict(_comments(function))
    if number not in lines:
        raise LookupError(f"{function.__qualname__} has no step {number}")
    first = lines[number]
    last = min((line for line in lines.values() if line > first), default=sys.maxsize)
    own = _definition(tree, function)
    for body in _bodies(own):
        begins = [each for each in body if each.lineno > first]
        if begins and not any(each.lineno < first <= (each.end_lineno or 0) for each in body):
            step = [each for each in begins if each.lineno < last]
            if step and isinstance(step[-1], ast.Return) and body is own.body and step[-1] is body[-1]:
                step.pop()
            position = body.index(step[0])
            body[position : position + len(step)] = ast.parse(instead).body or [ast.Pass()]
            break
    else:
        raise LookupError(f"step {number} of {function.__qualname__} holds nothing")
    return getattr(_run(ast.fix_missing_locations(tree), module, number), function.__name__)


def _comments(function: Callable[..., Any]) -> Iterator[tuple[int, int]]:
    """Number and line (in the module) of each numbered comment of the function."""
    lines, start = inspect.getsourcelines(function)
    for token in tokenize.generate_tokens(io.StringIO(textwrap.dedent("".join(lines))).readline):
        found = _NUMBERED.match(token.string) if token.type == tokenize.COMMENT else None
        if found and token.line.strip().startswith("#"):
            yield int(found[1]), start + token.start[0] - 1


def _definition(tree: ast.Module, function: Callable[..., Any]) -> ast.FunctionDef:
    line = inspect.unwrap(function).__code__.co_firstlineno  # type: ignore[attr-defined]
    return next(
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef)
        and each.name == function.__name__
        and line in {each.lineno, *(decorator.lineno for decorator in each.decorator_list)}
    )


def _bodies(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """The function's lists of statements, the outermost first."""
    for each in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            found = getattr(each, name, None)
            if isinstance(found, list) and found:
                yield found


def _run(tree: ast.Module, module: ModuleType, number: int) -> ModuleType:
    name = f"{module.__name__}_without_step_{number}"
    made = ModuleType(name)
    made.__package__ = module.__package__
    # Dataclasses look their own module up while they are made.
    sys.modules[name] = made
    try:
        exec(compile(tree, f"<{name}>", "exec"), made.__dict__)
    finally:
        del sys.modules[name]
    return made
