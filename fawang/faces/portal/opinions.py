"""核验: whoever holds an opinion's code sees that it was issued, that nothing in it was changed, and the paper itself."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import limited, looked_up
from fawang.faces.portal.interviews import private, spaced
from fawang.faces.routing import open_to
from fawang.kernel.errors import Absent
from fawang.kernel.ids import fold_lookup_code
from fawang.kernel.printing import to_docx, to_pdf
from fawang.knowledge.interviews.loading import interview
from fawang.knowledge.interviews.opinion import paper_from_json
from fawang.knowledge.interviews.selectors import is_untouched, opinion_by_code, opinion_by_number
from fawang.knowledge.models import Opinion


@open_to("public")
def verify(request: HttpRequest) -> HttpResponse:
    """By code: the whole. By number alone: that it exists, and its date; never its words."""
    if request.method != "POST":
        return render(request, "library/verify.html", {})
    typed = request.POST.get("code", "")[:80].strip().replace("\0", "\ufffd")
    try:
        found = opinion_by_code(typed)
    except Absent:
        try:
            limited(request, "lookup", 240)  # numbers can be counted up, so that every one counts
            known = opinion_by_number(typed)
        except Absent as absent:
            return render(request, "library/verify.html", {"typed": typed, "errors": {"code": absent}}, status=404)
        return private(render(request, "library/verify.html", {"typed": typed, "known": known, "untouched": is_untouched(known)}))
    return redirect(f"/verify/{found.verification_code}")


def opinion_at(request: HttpRequest, code: str) -> Opinion:
    """The opinion of a verification code. Raises ``Absent``."""
    return looked_up(request, lambda: opinion_by_code(fold_lookup_code(code[:64])))


@open_to("public", "GET")
def opinion_page(request: HttpRequest, code: str) -> HttpResponse:
    """An issued opinion: number, date, whether it is untouched, and the paper as it was issued."""
    found = opinion_at(request, code)
    context = {
        "opinion": found, "untouched": is_untouched(found), "paper": paper_from_json(found.body), "spaced": spaced(found.verification_code), "private": True,
        "name": interview(found.interview, found.version).name, "sensitive": interview(found.interview, found.version).sensitive,
    }  # fmt: skip
    return private(render(request, "library/opinion.html", context))


@open_to("public", "GET")
def opinion_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The paper as PDF, byte for byte the same each time."""
    found = opinion_at(request, code)
    return download(to_pdf(paper_from_json(found.body), at=found.issued_at), f"{found.number}.pdf", "application/pdf")


@open_to("public", "GET")
def opinion_docx(request: HttpRequest, code: str) -> HttpResponse:
    """The paper as a text document."""
    found = opinion_at(request, code)
    return download(to_docx(paper_from_json(found.body)), f"{found.number}.docx", DOCX)


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def download(body: bytes, name: str, content_type: str) -> HttpResponse:
    """A file to be kept by the person and by nobody on the way."""
    response = HttpResponse(body, content_type=content_type)
    response.headers["Content-Disposition"] = f"attachment; filename=paper{name[name.rfind('.') :]}; filename*=UTF-8''{quote(name)}"
    return private(response)
