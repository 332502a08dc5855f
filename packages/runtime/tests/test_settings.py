from pathlib import Path

import msgspec
import pytest

from ketnoi_runtime.settings import SettingsError, load_settings


class Example(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    port: int = 8080
    base: str = ""


def write(folder: Path, text: str) -> Path:
    file = folder / "example.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_becomes_a_typed_struct_that_knows_its_folder(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, 'name = "Thái Nguyên"'), Example)
    assert settings == Example(name="Thái Nguyên", port=8080, base=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is not TOML"),
        ('name = "a"\nport = "many"', "port"),
        ('name = "a"\ncolour = "red"', "colour"),
        ("port = 1", "name"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_field_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        load_settings(write(tmp_path, text), Example)
    assert "example.toml" in str(refused.value)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--settings"):
        load_settings(tmp_path / "absent.toml", Example)
