"""The one way to say no: a code, a status, and words in both languages.

Rooms register their sentences with :func:`catalogue`; an unknown code fails when it is raised in a test run.
"""

from __future__ import annotations

from collections.abc import Mapping

from fawang.kernel.texts import Text

_CATALOGUE: dict[str, Text] = {}


def catalogue(entries: Mapping[str, Text | tuple[str, str]]) -> None:
    """Add sentences. A code may be registered twice only with the same words."""
    for code, words in entries.items():
        text = words if isinstance(words, Text) else Text(*words)
        if _CATALOGUE.setdefault(code, text) != text:
            raise ValueError(f"error code {code} is registered twice with different words")


def registered() -> Mapping[str, Text]:
    """All error codes, for the reference pages."""
    return dict(_CATALOGUE)


def catalogue_text(code: str) -> Text:
    """The sentence of a code with its places open, for problems kept as data. Raises ``KeyError``."""
    return _CATALOGUE[code]


class Refusal(Exception):
    """Something the user asked for is refused: nothing was changed, and the reason is fit to be shown.

    ``field`` names the form field; ``fields`` carries several at once; ``status`` is the HTTP status.
    """

    def __init__(
        self,
        code: str,
        *,
        field: str = "",
        fields: Mapping[str, Refusal] | None = None,
        status: int = 422,
        words: Text | None = None,
        **params: object,
    ) -> None:
        super().__init__(code)
        self.code, self.field, self.status, self.params = code, field, status, params
        self.fields: Mapping[str, Refusal] = dict(fields or {})
        self._words = words

    @property
    def text(self) -> Text:
        """The sentence for the user, with its places filled."""
        words = self._words or _CATALOGUE.get(self.code)
        if words is None:
            raise LookupError(f"error code {self.code} has no words")
        return words.format(**self.params)

    def __str__(self) -> str:
        return str(self.text)


class Absent(Refusal):
    """What is foreign and what does not exist look the same."""

    def __init__(self) -> None:
        super().__init__("absent", status=404)


class Forbidden(Refusal):
    """A step the actor may see but not take; the policy's reason is the sentence."""

    def __init__(self, words: Text | None = None, code: str = "forbidden") -> None:
        super().__init__(code, status=403, words=words)


catalogue(
    {
        "absent": ("没有找到您要的内容。请核对编号或查询码。", "Nothing was found. Please check the number or code."),
        "forbidden": ("您没有权限办理这一步。", "You may not take this step."),
        "sign_in": ("请先登录。", "Please sign in first."),
        "key.missing": ("缺少 Idempotency-Key 请求头。", "The Idempotency-Key header is missing."),
        "key.bad": ("Idempotency-Key 须为 8 至 255 个可见字符。", "Idempotency-Key takes 8 to 255 visible characters."),
        "key.reused": (
            "同一个 Idempotency-Key 已用于另一份内容，请换一个新的键。",
            "This Idempotency-Key was used with a different body.",
        ),
        "stale": (
            "别人刚刚改动了这件事项。您写的内容还在，请看过新情况再提交。",
            "Somebody else has just changed this matter. Your text is kept; please look again before you submit.",
        ),
        "field.required": ("请填写这一项。", "Please fill this in."),
        "field.invalid": ("这一项的格式不对，请检查。", "Please check the format of this field."),
        "field.unknown": ("不认识的字段：{name}。", "Unknown field: {name}."),
        "field.choice": ("请从列出的选项中选择。", "Please choose one of the options listed."),
        "form.invalid": ("有几处需要修改，您填写的内容都还在。", "A few things need changing; all you typed is kept."),
        "too_many": ("操作过于频繁，请{seconds}秒后再试。", "Too many attempts; please try again in {seconds} seconds."),
        "crypto.key": ("找不到解密所需的密钥。", "The key for this data is missing."),
        "crypto.damaged": ("这段加密的数据已被改动，无法打开。", "This sealed data was changed and cannot be opened."),
    }
)
