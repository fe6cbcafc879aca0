"""Where the private server's programs come from: the one named, the wheel, then Debian's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fawang.console import postgres

Packages = Callable[..., Path]


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    """A machine without the wheel, with Debian's packages of some versions."""
    monkeypatch.delenv("FAWANG_PG_BIN", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)

    def install(*versions: str, server: bool = True) -> Path:
        for version in versions:
            (tmp_path / version / "bin").mkdir(parents=True)
            (tmp_path / version / "bin" / ("postgres" if server else "psql")).touch()
        return tmp_path

    return install


def test_without_the_wheel_the_newest_of_debian_is_taken(packages: Packages) -> None:
    assert packages("9.6", "15", "17") / "17" / "bin" == postgres.find_binaries()


def test_a_folder_with_the_client_alone_is_no_server(packages: Packages) -> None:
    packages("18", server=False)
    assert packages("15") / "15" / "bin" == postgres.find_binaries()


def test_what_the_operator_names_comes_first(packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages("15", "17")
    monkeypatch.setenv("FAWANG_PG_BIN", str(tmp_path / "15" / "bin"))
    assert postgres.find_binaries() == tmp_path / "15" / "bin"


def test_with_none_at_all_one_sentence_says_what_to_do(packages: Packages) -> None:
    with pytest.raises(postgres.NoPostgres, match="apt-get install postgresql"):
        postgres.find_binaries()
