"""What the published description of the API says beyond types: the key of every write, and that errors are problem+json."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

KEY = {
    "name": "Idempotency-Key", "in": "header", "required": True, "description": "8 to 255 visible ASCII characters; the same key is answered once.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[!-~]{8,255}$"},
}  # fmt: skip


class Contract(NinjaAPI):
    """The API with its description completed."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._described: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(self, **wanted: Any) -> OpenAPISchema:
        """OpenAPI 3.1 of all operations. Routes do not change while the process lives, so it is put together once (a tenth of a second)."""
        kept = self._described.get(repr(wanted))
        if kept is None:
            kept = self._described[repr(wanted)] = self._described_anew(**wanted)
        return kept

    def _described_anew(self, **wanted: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**wanted)
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                if method == "post" and {"201", 201} & set(operation["responses"]):  # whatever is made is made once
                    operation["parameters"] = [*operation.get("parameters", []), KEY]
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in answer.get("content", {}):
                        answer["content"] = {"application/problem+json": answer["content"]["application/json"]}
        return schema
