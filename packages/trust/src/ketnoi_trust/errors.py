"""The one way in which this room says no."""

from __future__ import annotations

from types import TracebackType


class Refused(Exception):  # noqa: N818
    """Something is not proved.

    `code` is X-Road's own (a row of ketnoi_protocol.errors knows it), `message` is English for an operator and holds
    no content of messages, `step` is the number of the verification step that refused, None where none applies.
    """

    def __init__(self, code: str, message: str, step: int | None = None) -> None:
        super().__init__(code, message, step)
        self.code = code
        self.message = message
        self.step = step

    def __str__(self) -> str:
        """`code: message (step n)`."""
        return f"{self.code}: {self.message}" + (f" (step {self.step})" if self.step is not None else "")


class numbered:  # noqa: N801 - reads as a word: `with numbered(3):`
    """Gives every Refused that is raised within the number of the step it is raised in."""

    __slots__ = ("_step",)

    def __init__(self, step: int) -> None:
        self._step = step

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raises Refused again, with this step's number."""
        if isinstance(error, Refused):
            raise Refused(error.code, error.message, self._step) from error
