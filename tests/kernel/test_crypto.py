"""Sealed fields: both suites, every damaged byte, rotation, blind indexes."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fawang.kernel import crypto
from fawang.kernel.errors import Refusal

FIELD, OTHER = "people.person.phone", "people.person.name"
WORDS = ("", "13800000001", "𠮷𬭚𰻝·阿不都", "a" * 5000, "一\n二\t三", "\ue81e")


@pytest.fixture(params=["aes", "sm"])
def suite(request: Any, tmp_path: Path, settings: Any) -> Iterator[str]:
    """A fresh keyring of one suite."""
    settings.KEYS_DIR, settings.CIPHER_SUITE = tmp_path / "keys", request.param
    crypto.keyring.cache_clear()
    yield request.param
    crypto.keyring.cache_clear()


@pytest.mark.parametrize("words", WORDS)
def test_what_is_sealed_opens_as_it_was(suite: str, words: str) -> None:
    assert crypto.unseal(crypto.seal(words, FIELD), FIELD) == words


def test_two_sealings_of_one_value_differ_and_show_nothing(suite: str) -> None:
    one, two = crypto.seal("13800000001", FIELD), crypto.seal("13800000001", FIELD)
    assert one != two
    assert b"138" not in one
    assert len(one) == 3 + 12 + 11 + 16


def test_every_changed_byte_is_refused(suite: str) -> None:
    sealed = crypto.seal("张三·13800000001", FIELD)
    for at in range(len(sealed)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytes([*sealed[:at], sealed[at] ^ flip, *sealed[at + 1 :]])
            with pytest.raises(Refusal) as refused:
                crypto.unseal(damaged, FIELD)
            assert refused.value.code in {"crypto.damaged", "crypto.key"}


def test_every_cut_is_refused(suite: str) -> None:
    sealed = crypto.seal("张三", FIELD)
    for length in range(len(sealed)):
        with pytest.raises(Refusal, match=r"改动|密钥"):
            crypto.unseal(sealed[:length], FIELD)
    with pytest.raises(Refusal):
        crypto.unseal(sealed + b"\0", FIELD)


def test_a_value_moved_to_another_column_does_not_open(suite: str) -> None:
    with pytest.raises(Refusal) as refused:
        crypto.unseal(crypto.seal("13800000001", FIELD), OTHER)
    assert refused.value.code == "crypto.damaged"


def test_after_rotation_old_values_open_and_new_ones_use_the_new_key(suite: str) -> None:
    before = crypto.seal("张三", FIELD)
    assert crypto.rotate() == 2
    after = crypto.seal("张三", FIELD)
    assert (crypto.key_id(before), crypto.key_id(after)) == (1, 2)
    assert crypto.unseal(before, FIELD) == crypto.unseal(after, FIELD) == "张三"


def test_rotation_may_change_the_suite_and_both_open(suite: str, settings: Any) -> None:
    before, index = crypto.seal("张三", FIELD), crypto.keyring().index
    settings.CIPHER_SUITE = "sm" if suite == "aes" else "aes"
    crypto.rotate()
    after = crypto.seal("张三", FIELD)
    assert before[0] != after[0]
    assert crypto.unseal(before, FIELD) == crypto.unseal(after, FIELD) == "张三"
    assert crypto.keyring().index == index


def test_a_value_under_a_lost_key_says_so(suite: str) -> None:
    sealed = crypto.seal("张三", FIELD)
    unknown = sealed[:1] + (9).to_bytes(2, "big") + sealed[3:]
    with pytest.raises(Refusal) as refused:
        crypto.unseal(unknown, FIELD)
    assert refused.value.code == "crypto.key"


def test_the_key_file_is_the_owner_s_alone_and_is_made_once(suite: str, settings: Any) -> None:
    crypto.seal("x", FIELD)
    path = Path(settings.KEYS_DIR) / "keyring.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text()
    crypto.keyring.cache_clear()
    crypto.seal("y", FIELD)
    assert path.read_text() == first
    assert [p.name for p in path.parent.iterdir()] == ["keyring.json"]


def test_the_aes_ciphertext_is_plain_aes_256_gcm(tmp_path: Path, settings: Any) -> None:
    """Opened by another implementation, so that no data is hostage to this code."""
    import base64

    settings.KEYS_DIR, settings.CIPHER_SUITE = tmp_path / "keys", "aes"
    crypto.keyring.cache_clear()
    sealed = crypto.seal("张三", FIELD)
    key = base64.b64decode(json.loads((tmp_path / "keys" / "keyring.json").read_text())["keys"]["1"][1])
    assert len(key) == 32
    assert AESGCM(key).decrypt(sealed[3:15], sealed[15:], FIELD.encode()).decode() == "张三"
    crypto.keyring.cache_clear()


def test_sm4_is_the_cipher_of_gb_t_32907() -> None:
    """The standard's example 1: one block under one key."""
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    encryptor = Cipher(crypto._algorithm(2, key), modes.ECB()).encryptor()
    assert encryptor.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


def test_blind_indexes_are_equal_for_equal_values_alone(suite: str) -> None:
    assert crypto.blind("phone", "13800000001") == crypto.blind("phone", "13800000001")
    seen = {crypto.blind(k, v) for k in ("phone", "identity", "name") for v in ("13800000001", "13800000002", "1380000000", "")}
    assert len(seen) == 12
    assert crypto.blind("pho", "ne\x0013800000001") != crypto.blind("phone", "13800000001")


def test_a_blind_index_needs_the_key(suite: str, tmp_path: Path, settings: Any) -> None:
    before = crypto.blind("phone", "13800000001")
    settings.KEYS_DIR = tmp_path / "other"
    crypto.keyring.cache_clear()
    assert crypto.blind("phone", "13800000001") != before


def test_a_sealed_field_is_text_in_python_and_ciphertext_in_the_database(db: None) -> None:
    from django.db import connection

    from fawang.people.models import Person

    person = Person.objects.create(name="欧阳𠮷", phone="13800000001")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone FROM people_person WHERE id = %s", [person.pk])
        name, phone = (bytes(value) for value in cursor.fetchone())
    assert "欧阳".encode() not in name
    assert b"138" not in phone
    again = Person.objects.get(pk=person.pk)
    assert (again.name, again.phone) == ("欧阳𠮷", "13800000001")
    with connection.cursor() as cursor:  # a thief who may write moves the phone into the name
        cursor.execute("UPDATE people_person SET name = phone WHERE id = %s", [person.pk])
    with pytest.raises(Refusal) as refused:
        Person.objects.get(pk=person.pk)
    assert refused.value.code == "crypto.damaged"
