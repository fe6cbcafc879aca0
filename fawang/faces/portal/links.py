"""Where the public site leads: the head, the phone's bottom bar, the foot. A new part of the site adds its line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fawang.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Link:
    """``tab``: its short word in the phone's bottom bar, where it has a place there."""

    url: str
    name: Text
    icon: str
    tab: Text | None = None
    head: bool = True


LINKS = (
    Link("/", Text("首页", "Home"), "house", Text("首页", "Home"), head=False),
    Link("/ask", Text("问律师", "Ask a lawyer"), "message-circle", Text("问律师", "Ask")),
    Link("/search", Text("查法律", "Find the law"), "book-open", Text("查法律", "Law")),
    Link("/interviews", Text("智能咨询", "Interviews"), "list-checks"),
    Link("/track", Text("查进度", "Track"), "search", Text("查进度", "Track")),
    Link("/guides", Text("办事指南", "Guides"), "list", Text("指南", "Guides")),
    Link("/sites", Text("服务网点", "Places"), "map-pin"),
    Link("/me", Text("我的事项", "My matters"), "circle-user", Text("我的", "Mine")),
)


def links_at(path: str, tongue: str) -> list[dict[str, Any]]:
    """The links in a language; the one whose part of the site the path lies in is ``here``."""
    return [
        {
            "url": link.url, "name": link.name.in_language(tongue), "icon": link.icon, "head": link.head,
            "tab": link.tab.in_language(tongue) if link.tab else "", "here": path == link.url or (link.url != "/" and path.startswith(link.url)),
        }
        for link in LINKS
    ]  # fmt: skip
