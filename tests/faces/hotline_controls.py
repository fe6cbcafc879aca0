"""The controls of an edition's form as a browser would send them."""

from __future__ import annotations

from html.parser import HTMLParser


class Controls(HTMLParser):
    """What a browser would send of a page's form: ticked boxes, chosen options, typed text; no button that was not pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self._select = self._area = ""
        self._first: str | None = None
        self._chosen = False
        start = page.index("<form", page.index("data-parts") - 200)
        self.feed(page[start : page.index("</form>", start)])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if a.get("id"):
            self.ids.append(str(a["id"]))
        name = a.get("name") or ""
        if tag == "input" and name and (a.get("type") != "checkbox" or "checked" in a):
            self.found.setdefault(name, []).append(a.get("value") or "")
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, False
        elif tag == "option" and self._select:
            self._first = self._first if self._first is not None else a.get("value") or ""
            if "selected" in a:
                self.found.setdefault(self._select, []).append(a.get("value") or "")
                self._chosen = True
        elif tag == "textarea":
            self._area = name
            self.found.setdefault(name, [""])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            if not self._chosen and self._first is not None:
                self.found.setdefault(self._select, []).append(self._first)
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] = [self.found[self._area][0] + data]
