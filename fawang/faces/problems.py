"""What the faces say when they refuse."""

from __future__ import annotations

from fawang.kernel.errors import catalogue

catalogue(
    {
        "question.short": ("请再多写几个字，说说发生了什么。", "Please say a little more about what happened."),
        "body.unreadable": ("请求内容无法读取，应为 UTF-8 编码的 JSON。", "The body could not be read; it must be JSON in UTF-8."),
        "page.key": ("这个页面已经失效，请返回重新打开；您填写的内容还在。", "This page is out of date; your text is kept."),
    }
)
