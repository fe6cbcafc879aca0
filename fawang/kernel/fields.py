"""Model field for text that is encrypted at rest."""

from __future__ import annotations

from typing import Any

from django.db import models

from fawang.kernel import crypto


class SealedTextField(models.BinaryField):  # type: ignore[type-arg,unused-ignore]
    """Text in Python, ciphertext in the database. Cannot be filtered: keep a blind index beside it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def _check_str_default_value(self) -> list[Any]:
        return []  # text is this field's Python side

    @property
    def _bound_to(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bytes | memoryview):
            return value
        return crypto.seal(str(value), self._bound_to) if value != "" else b""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        raw = bytes(value)
        return crypto.unseal(raw, self._bound_to) if raw else ""

    def value_to_string(self, obj: Any) -> str:
        return str(self.value_from_object(obj))

    def to_python(self, value: Any) -> Any:
        return value
