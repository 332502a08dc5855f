import io
import json
import logging

from ketnoi_runtime import logs


def logged(write: object) -> dict[str, str]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure(stream=stream)
        write(logging.getLogger("room"))  # type: ignore[operator]
    finally:
        root.handlers[:], root.level = before
    return json.loads(stream.getvalue())


def test_a_line_is_json_with_time_level_logger_and_text() -> None:
    line = logged(lambda log: log.warning("cấu hình %s", "cũ"))
    assert line["level"] == "warning"
    assert line["logger"] == "room"
    assert line["text"] == "cấu hình cũ"
    assert line["time"].endswith("+00:00")


def test_what_could_be_a_personal_number_is_blotted_out_also_in_an_exception() -> None:
    def fail(log: logging.Logger) -> None:
        try:
            raise ValueError("bad value 990089000123")
        except ValueError:
            log.exception("refused 990089000123 and 123456789, kept 12345")

    line = logged(fail)
    assert "990089000123" not in json.dumps(line)
    assert line["text"] == "refused ************ and *********, kept 12345"
