"""The one way in which this room says no."""

from __future__ import annotations


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
