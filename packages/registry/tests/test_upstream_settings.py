"""The settings of an existing database behind: what cannot be is said before anything is asked."""

from __future__ import annotations

import asyncio
from importlib import resources

import pytest

from ketnoi_registry.settings import Settings
from ketnoi_registry.store.upstream import UpstreamError, UpstreamStore
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.settings import SettingsError, load_settings

from .behind import asked_at, stand_in


@pytest.fixture
def refused(tmp_path):
    """Why a client with these changes cannot be made."""

    def make(**changes):
        async def act():
            behind = stand_in(tmp_path, SystemClock())
            await behind.start()
            settings = asked_at(behind, **changes)
            await behind.stop()
            await UpstreamStore(settings, tmp_path, SystemClock()).close()

        with pytest.raises(UpstreamError) as error:
            asyncio.run(act())
        return str(error.value)

    return make


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"server_certificate": ""}, "either server_certificate or authorities"),
        ({"authorities": "behind.crt"}, "either server_certificate or authorities"),
        ({"key": ""}, "belong together"),
        ({"server_certificate": "secret"}, "cannot be used"),
        ({"certificate": "gone.crt"}, "cannot be used"),
        ({"account": ""}, "belong together"),
        ({"secret_file": "gone"}, "cannot be read"),
        ({"secret_file": "behind.crt"}, "chmod 600"),
        ({"relations": {"CH00": "QH77"}}, "QH77"),
        ({"ma_can_bo": "990089000001"}, "never a personal number"),
        ({"ma_don_vi": "?"}, "ma_don_vi"),
        ({"dialect": "mine"}, "no dialect mine"),
        ({"dialect": "gone.toml"}, "gone.toml"),
        ({"dialect": "behind.crt"}, "no dialect"),
    ],
)
def test_what_does_not_fit_is_said(refused, changes, said):
    told = refused(**changes)
    assert said in told
    assert "990089000001" not in told
    assert "bi-mat-thu" not in told


def test_a_dialect_of_ones_own_is_a_file_too(refused, tmp_path):
    shipped = (resources.files("ketnoi_protocol") / "dialects" / "soap-callers.toml").read_text()
    (tmp_path / "own.toml").write_text(shipped.replace('"HoVaTen"', '"HoTen = HoVaTen"').replace("SoCMND?", "SoCMD?"))
    assert "SoCMD is no field" in refused(dialect="own.toml")
    (tmp_path / "own.toml").write_text(shipped.replace("[look_up_citizen]", "[verify_citizen]", 1))
    assert "own.toml" in refused(dialect="own.toml")
    (tmp_path / "own.toml").write_text(shipped.partition("[look_up_citizen]")[0])
    assert "lacks look_up_citizen" in refused(dialect="own.toml")


@pytest.mark.parametrize("url", ["http://csdl.example/", "csdl.example", "https://csdl.example"])
def test_only_https_with_a_path_is_an_address(tmp_path, url):
    (tmp_path / "registry.toml").write_text(
        f"""
environment = "test"
node_id = "n1"
database = "postgresql:///r"
certificate = "a"
key = "b"
callers = []
pseudonym_keys = "c"
directory = {{ url = "http://d", certificate = "d" }}
[upstream]
url = "{url}"
ma_dvc = "VPCP"
ma_can_bo = "KETNOI"
ma_don_vi = "G01"
"""
    )
    with pytest.raises(SettingsError, match="upstream.url"):
        load_settings(tmp_path / "registry.toml", Settings)
