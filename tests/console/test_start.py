"""A start that cannot be: one clear sentence, a status that is not 0, and nothing half done."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from fawang.console import database
from fawang.console.halt import Halt
from fawang.console.leftovers import claim
from fawang.console.migrate import migrate

NOBODY = 65534


def start(folder: Path, verb: str = "up", **settings: str) -> tuple[int, list[str]]:
    """Status and the lines on standard error of ``fawang up``, or of another verb."""
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "FAWANG_TESTING", "DJANGO_SETTINGS_MODULE"}}
    environment |= {"FAWANG_STATE": str(folder), "FAWANG_HOTLINE": "0", **settings}
    done = subprocess.run([sys.executable, "-m", "fawang.console.main", verb], env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr.strip().splitlines()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_named_and_nothing_is_begun(tmp_path: Path, taken: int) -> None:
    status, said = start(tmp_path, FAWANG_PORT=str(taken))
    assert status == 1
    assert said == [f"端口 {taken} 已被占用，请设置 FAWANG_PORT / Port {taken} is busy."]
    assert not [p for p in tmp_path.iterdir() if p.is_dir()], "no database was made"


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        ("八千", "FAWANG_PORT 不是数字 / FAWANG_PORT is not a number."),
        ("65535", "FAWANG_PORT 须在 1 到 65534 之间 / FAWANG_PORT must lie between 1 and 65534."),
        ("0", "FAWANG_PORT 须在 1 到 65534 之间 / FAWANG_PORT must lie between 1 and 65534."),
    ],
)
def test_a_port_that_can_be_none_is_refused_in_a_sentence(tmp_path: Path, port: str, sentence: str) -> None:
    assert start(tmp_path, FAWANG_PORT=port) == (1, [sentence])


def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with claim(tmp_path):
        assert start(tmp_path, FAWANG_PORT="8931") == (1, [f"法网已在运行：{tmp_path} / Fawang is already running on this state folder."])


def test_a_state_folder_that_is_a_file_is_said_to_be_unwritable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    status, said = start(file, FAWANG_PORT="8931")
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith(f"无法写入 {file}: ")


def test_without_the_right_to_write_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    monkeypatch.setenv("FAWANG_STATE", str(closed))
    tmp_path.chmod(0o755)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(Halt) as refused:
            database.state_folder()
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
    assert str(closed) in str(refused.value)
    assert "没有写入权限" in str(refused.value)


def test_a_disk_with_24_megabytes_left_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAWANG_STATE", str(tmp_path))
    real = os.statvfs(tmp_path)
    nearly_full = os.statvfs_result((4096, 4096, 100_000, 6_144, 6_144, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: nearly_full)
    with pytest.raises(Halt, match=r"只剩 24 MB，至少需要 300 MB"):
        database.state_folder()
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_newer_than_the_code_is_left_alone(committed_database: str) -> None:
    with psycopg.connect(committed_database, autocommit=True) as owner:
        owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('matters', '9999_of_another_year', now())")
        tables = owner.execute("SELECT count(*) FROM pg_class").fetchone()
        with pytest.raises(Halt, match=r"数据库比程序新"):
            migrate(committed_database)
        assert owner.execute("SELECT count(*) FROM pg_class").fetchone() == tables


def nobody_listens() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


REACHING = ("up", "migrate", "demo", "first-admins", "verify", "doctor", "database")


@pytest.mark.parametrize("verb", REACHING)
def test_a_database_nobody_serves_is_said_in_one_sentence(tmp_path: Path, verb: str) -> None:
    port = nobody_listens()
    status, said = start(tmp_path, verb, FAWANG_PORT="8931", DATABASE_URL=f"postgresql://fawang:geheim@127.0.0.1:{port}/fawang")
    assert (status, said) == (1, [f"连不上数据库 fawang@127.0.0.1:{port}/fawang，请检查 DATABASE_URL / The database cannot be reached: Connection refused"])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://fawang:geheim@127.0.0.1/fawang", "DATABASE_URL 应写作 postgresql://"),
        ("nonsense", "DATABASE_URL 应写作 postgresql://"),
        ("postgresql://fawang:geheim@127.0.0.1:port/fawang", "DATABASE_URL 应写作 postgresql://"),
        ("postgresql://fawang:geheim@127.0.0.1:1/fawang?no_such=1", "DATABASE_URL 里有不认识的参数"),
        ("postgresql://fawang:geheim@no-such-host.invalid/fawang", "连不上数据库 fawang@no-such-host.invalid:5432/fawang，请检查 DATABASE_URL"),
    ],
)
def test_an_address_that_is_none_is_said_in_one_sentence_without_its_password(tmp_path: Path, address: str, sentence: str) -> None:
    status, said = start(tmp_path, "migrate", DATABASE_URL=address)
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith(sentence)
    assert "geheim" not in said[0]


def test_a_wrong_database_a_wrong_role_and_a_role_without_rights_are_each_said_in_a_sentence(tmp_path: Path, committed_database: str) -> None:
    parts = urlsplit(committed_database)
    status, said = start(tmp_path, "migrate", DATABASE_URL=parts._replace(path="/no_such").geturl())
    assert (status, len(said)) == (1, 1)
    assert said[0].endswith('database "no_such" does not exist')
    stranger = parts._replace(netloc=f"stranger:geheim@{parts.netloc.rpartition('@')[2]}").geturl()
    status, said = start(tmp_path, "migrate", DATABASE_URL=committed_database, DATABASE_OWNER_URL=stranger)
    assert (status, len(said)) == (1, 1)
    assert "请检查 DATABASE_OWNER_URL" in said[0]
    assert "geheim" not in said[0]


def test_a_role_that_may_make_no_tables_is_told_so_and_begins_nothing(own_database: str) -> None:
    parts = urlsplit(own_database)
    poor = parts._replace(netloc=f"poor:geheim@{parts.netloc.rpartition('@')[2]}").geturl()
    with psycopg.connect(own_database, autocommit=True) as owner:
        owner.execute("CREATE ROLE poor LOGIN PASSWORD 'geheim'")
        try:
            owner.execute("GRANT SELECT ON django_migrations TO poor")
            owner.execute("DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)")
            with pytest.raises(Halt, match="无权建表"):
                migrate(poor)
        finally:
            owner.execute("DROP OWNED BY poor")
            owner.execute("DROP ROLE poor")
