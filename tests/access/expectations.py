"""Who may do what at every address, written from the issue and the domain study, never from the policies under test.

Every route of the router stands in :data:`ROUTES`; one that does not fails the build. A new page adds one line: its
name, what a GET and what a POST mean for whom. A rule answers with one of

``ok``       it works (or is refused for what was typed, not for who asks)
``no``       refused in words (403), or as absent, and nothing has changed
``absent``   to the last byte what an id answers that never existed
``sign-in``  sent to sign in
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.access.world import Who

Rule = Callable[[Who, str], str]

OVERSEE = {"dispatcher", "supervisor", "office_head", "return_visitor", "window_clerk"}
"""Posts that see a consultation of their offices whole."""
INSIDE = {"same", "above"}
"""Places whose scope contains the legal aid agency; a complaint lies with the bureau, which only ``above`` contains."""
BUREAU = {"complaint", "statement"}
"""Matters that lie with the justice bureau."""
EVERYTHING = frozenset({"handling", "topic", "content", "identity", "internal"})


def sees(who: Who, subject: str) -> frozenset[str]:
    """What somebody may see of a matter. Empty: it does not exist for him."""
    if who.kind != "staff":
        return _public_sees(who, subject)
    if subject == "consultation":
        if who.relation == "conflicted":
            return frozenset()
        if who.relation == "assignee" or (who.role in OVERSEE and who.place in INSIDE):
            return EVERYTHING
        if who.relation == "first_contact":
            return EVERYTHING - {"internal"}
    places = {"far": {"other"}, "pool": INSIDE}.get(subject, set())
    if who.place in places and (who.role in OVERSEE or who.role == "adviser"):
        return EVERYTHING if who.role in OVERSEE else frozenset({"topic"})
    if subject in BUREAU:
        if who.relation == "complained":
            return frozenset({"content"}) if subject == "statement" else frozenset()
        if who.place == "above" and who.role in {"complaint_handler", "supervisor"}:
            return EVERYTHING
    inside = who.place in INSIDE if subject not in BUREAU else who.place == "above"
    return frozenset({"handling"}) if inside and who.role in {"statistician", "audit_admin"} else frozenset()


def _public_sees(who: Who, subject: str) -> frozenset[str]:
    if (who.relation == "owner" and subject == "consultation") or (who.relation == "holder" and subject in {"consultation", "pool"}):
        return frozenset({"content"})
    return frozenset()


def anybody(who: Who, subject: str) -> str:
    """Open to all."""
    return "ok"


def nowhere(who: Who, subject: str) -> str:
    """Not here for anybody: a code that was never issued, a page only a demonstration has, a guide still in draft."""
    return "absent"


def wrong_password(who: Who, subject: str) -> str:
    """The same refusal for everybody."""
    return "no"


def signed_out(who: Who, subject: str) -> str:
    """Back to the door, whoever one was."""
    return "sign-in"


def staff_of(*roles: str, halfway: str = "sign-in") -> Rule:
    """A page of the desk; without roles, for all staff."""

    def rule(who: Who, subject: str) -> str:
        if who.kind == "halfway":
            return halfway
        if who.kind != "staff":
            return "sign-in"
        return "ok" if not roles or who.role in roles else "no"

    return rule


def proven_citizen(who: Who, subject: str) -> str:
    """Pages behind a proven phone."""
    return "ok" if who.kind == "citizen" else "sign-in"


def _proved_with_it(who: Who, subject: str) -> str:
    """T23: the code alone is not enough, nor the number alone; whoever proved the number given with the matter, and shows its code."""
    if who.kind != "citizen":
        return "sign-in"
    return "ok" if who.relation == "owner" and subject == "consultation" else "no"


def at_desk(rule: Rule) -> Rule:
    """An object of the desk: first one signs in, then the object's own rule decides."""

    def guarded(who: Who, subject: str) -> str:
        return rule(who, subject) if who.kind == "staff" else "sign-in"

    return guarded


def _seen(who: Who, subject: str) -> str:
    return "ok" if sees(who, subject) else "absent"


def _content(who: Who, subject: str) -> str:
    found = sees(who, subject)
    return "ok" if "content" in found else "no" if found else "absent"


def _may(who: Who, subject: str, group: str) -> bool:
    """Whether somebody belongs to a group of acting people, for a matter he sees."""
    inside = who.place in INSIDE if subject not in BUREAU else who.place == "above"
    handler = {"consultation": "assignee", "complaint": "handler", "statement": "complained"}.get(subject)
    handles = bool(handler) and who.relation == handler
    dispatches = inside and who.role in ({"complaint_handler"} if subject in BUREAU else {"dispatcher", "office_head"})
    groups = {
        "handler": handles,
        "dispatch": dispatches,
        "either": handles or dispatches,
        "supervise": inside and who.role in {"supervisor", "office_head"} and not handles,
        "claim": subject == "pool" and inside and who.role == "adviser",
        "internal": "internal" in sees(who, subject),
        "talk": handles or ("content" in sees(who, subject) and inside and who.role in {"dispatcher", "office_head", "window_clerk", "complaint_handler"}),
        "applicant": False,
    }
    return groups[group]


STEPS = {
    "consultation": {
        "accept": "handler", "answer": "handler", "ask_facts": "handler", "schedule": "handler", "redirect": "either", "reject": "dispatch", "merge": "dispatch",
        "give_facts": "applicant", "follow_up": "applicant", "withdraw": "applicant", "reopen": "applicant", "to_complaint": "applicant",
    },
    "complaint": {
        "accept": "handler", "notify_supplement": "handler", "refuse": "handler", "transfer_out": "handler", "identify_respondent": "either", "ask_statement": "handler",
        "decide": "handler", "notify": "handler", "notify_again": "supervise", "extend": "supervise", "supplement": "applicant", "object": "applicant", "withdraw": "applicant",
    },
    "statement": {"state": "handler"},
}  # fmt: skip
"""Steps of the two public services and whose they are (DOMAIN §2.1, §2.8). Nobody at the desk takes the citizen's."""

ACTS = {
    "claim": "claim", "accept": "handler", "assign": "dispatch", "note": "internal", "message": "talk", "triage": "dispatch", "decline": "handler", "hand_over": "handler",
    "transfer": "dispatch", "party": "either", "end_party": "dispatch", "split": "either", "link": "either", "join": "dispatch", "leave": "dispatch", "order": "supervise",
}  # fmt: skip


PROPOSERS = ("adviser", "rule_editor", "office_head", "supervisor")
"""Who keeps the library: proposing is theirs; reviewing and publishing is the rule editors' (decided again by the services)."""


def _bank(who: Who, subject: str) -> str:
    """Proposing a pair from a matter: who reads it and keeps the library."""
    return "no" if who.role not in PROPOSERS else "ok" if "content" in sees(who, subject) else "absent"


def _not_kept(who: Who, subject: str) -> str:
    """Something of the library that does not exist, or a matter nothing can be taken from yet."""
    return "absent" if who.role in PROPOSERS else "no"


def _handler(who: Who, subject: str) -> str:
    """Only who answers a matter has the library beside it."""
    return "ok" if who.relation == "assignee" else "no" if sees(who, subject) else "absent"


def step_rule(who: Who, subject: str) -> str:
    """``subject`` is ``matter:verb``."""
    matter, _, verb = subject.partition(":")
    if not sees(who, matter):
        return "absent"
    return "ok" if _may(who, matter, STEPS[matter][verb]) else "no"


def act_rule(who: Who, subject: str) -> str:
    """``subject`` is ``matter:verb``."""
    matter, _, verb = subject.partition(":")
    if not sees(who, matter):
        return "absent"
    return "ok" if _may(who, matter, ACTS[verb]) else "no"


def _talk(who: Who, subject: str) -> str:
    found = sees(who, subject)
    return "absent" if not found else "ok" if _may(who, subject, "talk") else "no"


def _file(who: Who, subject: str) -> str:
    """A file goes to whoever reads the matter; an internal one to those who read internal notes. No sign-in page tells that it exists."""
    wanted = "internal" if subject == "file_internal" else "content"
    return "ok" if wanted in sees(who, "consultation") else "absent"


def _takes_in(who: Who, subject: str) -> str:
    """Registering for somebody else (DOMAIN H-04, P-06): window, hotline, advisers on duty, dispatchers, heads."""
    return "ok" if _sits(who) or who.role in {"window_clerk", "dispatcher", "office_head", "adviser"} else "no"


def _slip(who: Who, subject: str) -> str:
    """The slip with the lookup code: only whoever took the matter in."""
    if who.relation == "first_contact":
        return "ok"
    return "absent" if _takes_in(who, subject) == "ok" else "no"


def _batch(who: Who, subject: str) -> str:
    if who.role != "registrar":
        return "no"
    return "ok" if who.relation == "registrar" else "absent"


def _account(who: Who, subject: str) -> str:
    """Accounts of one's own offices, for the three administrators; elsewhere there are none."""
    if who.role not in {"system_admin", "security_admin", "audit_admin"}:
        return "no"
    return "ok" if who.place in INSIDE else "absent"


def _account_change(who: Who, subject: str) -> str:
    if (first := _account(who, subject)) != "ok":
        return first
    whose = {"grant": "security_admin", "revoke": "security_admin", "disable": "system_admin", "move": "system_admin"}
    return "ok" if who.role == whose[subject] else "no"


def _organisation(who: Who, subject: str) -> str:
    """Changing the agency's entry: the registrar whose scope contains it."""
    return "ok" if who.role == "registrar" and who.place in INSIDE else "no"


def _call_ticket(who: Who, subject: str) -> str:
    """A ticket: its author, the platform's supervisor and checker. A complaint about a seat does not exist for that seat (DOMAIN H-11)."""
    if who.relation == "call_author":
        return "ok" if subject == "ticket" else "absent"
    if who.relation == "call_second":
        return "ok" if subject == "ticket_about" else "absent"
    return "ok" if who.relation in {"call_boss", "call_checker"} else "absent" if _sits(who) else "no"


def _call_ticket_save(who: Who, subject: str) -> str:
    """Writing: its author, or the supervisor who finishes what was left behind; the checker reads only."""
    seen = _call_ticket(who, subject)
    return "no" if seen == "ok" and who.relation == "call_checker" else seen


def _sound(who: Who, subject: str) -> str:
    """A recording: supervisor and checker of the platform; the seat itself only when it is being checked, never one about itself."""
    if who.relation in {"call_boss", "call_checker"}:
        return "ok"
    if (who.relation, subject) in {("call_author", "sound"), ("call_second", "sound_about")}:
        return "no"
    return "absent" if _sits(who) else "no"


def _sits(who: Who) -> bool:
    """Whether somebody has a seat: the platform's supervisor and checker sit too."""
    return who.role == "seat" or who.place == "platform"


def seats(who: Who, subject: str) -> str:
    """Pages of the seat."""
    return "ok" if _sits(who) else "no"


def _watches(who: Who, subject: str) -> str:
    """The wallboard (DOMAIN H-13): seats, supervisors, heads, statisticians, checkers, planners."""
    onlookers = {"hotline_supervisor", "supervisor", "office_head", "statistician", "quality_checker", "hotline_planner"}
    return "ok" if _sits(who) or who.role in onlookers else "no"


def _figured(who: Who, subject: str) -> str:
    """Statistics, rosters and configuration (DOMAIN H-13): those who look on and plan, not every seat."""
    return "ok" if who.role in {"hotline_supervisor", "supervisor", "office_head", "statistician", "quality_checker", "hotline_planner"} else "no"


def _no_such_sample(who: Who, subject: str) -> str:
    """An id that names no sample: nothing is there, for those who may look at all."""
    return "absent" if _watches(who, subject) == "ok" else "no"


def _heard(who: Who, subject: str) -> str:
    """As the sound beside the seat's lists, for all who may look at quality pages."""
    seen = _sound(who, subject)
    return "absent" if seen == "no" and not _sits(who) and _watches(who, subject) == "ok" else seen


def with_code(subject_of: str, *, staff: str = "ok") -> Rule:
    """Possession of the code: anybody, except whoever stands on the other side; ``staff``: what a signed-in member of staff meets."""

    def rule(who: Who, subject: str) -> str:
        against = {"consultation": "conflicted", "complaint": "complained"}[subject_of]
        if who.kind == "staff" and who.relation == against:
            return "absent"
        return staff if who.kind == "staff" else "ok"

    return rule


@dataclass(frozen=True, slots=True)
class Expect:
    """What a route's GET and POST mean; ``None``: that method is not its own. ``subjects``: the objects it is tried on."""

    get: Rule | None = None
    post: Rule | None = None
    subjects: tuple[str, ...] = ("",)


MATTERS = ("consultation", "pool", "complaint", "statement")
ALL_STEPS = tuple(f"{m}:{v}" for m, verbs in STEPS.items() for v in verbs)
ACTS_ON = {"consultation": tuple(ACTS), "pool": ("claim", "assign", "note", "order"), "complaint": ("claim", "assign", "note", "message", "order", "transfer")}
ALL_ACTS = tuple(f"{m}:{v}" for m, verbs in ACTS_ON.items() for v in verbs)
CODES = ("consultation", "complaint")


def coded(rule_of: Callable[[str], Rule]) -> Rule:
    """A rule of the matter whose code is shown."""
    rules = {m: rule_of(m) for m in CODES}
    return lambda who, subject: rules[subject](who, subject)


ROUTES: dict[str, Expect] = {
    # machines
    "healthz": Expect(anybody),
    "openapi-json": Expect(anybody),
    "api-root": Expect(nowhere),
    # the public site
    "home": Expect(anybody),
    "ask": Expect(anybody, anybody),
    "complain": Expect(anybody, anybody),
    "track_form": Expect(anybody, nowhere),
    "guides": Expect(anybody),
    "guide": Expect(anybody),
    "sites": Expect(anybody),
    "site_map": Expect(nowhere),
    "leave": Expect(anybody),
    "calendar": Expect(anybody),
    "accessibility": Expect(anybody),
    "privacy": Expect(anybody),
    "prefs": Expect(anybody),
    "outbox": Expect(nowhere),
    "me": Expect(proven_citizen),
    "me_add": Expect(None, _proved_with_it, CODES),
    "me_sign_in": Expect(anybody, anybody),
    "me_sign_out": Expect(None, anybody),
    "receipt": Expect(coded(with_code), None, CODES),
    "track": Expect(coded(with_code), None, CODES),
    "track_step": Expect(None, coded(with_code), CODES),
    "track_message": Expect(None, coded(with_code), CODES),
    "track_rating": Expect(None, coded(lambda m: with_code(m, staff="no")), CODES),
    "download": Expect(_file, None, ("file_public", "file_internal")),
    # the library: public, and behind a code whatever a person told
    "search": Expect(anybody),
    "suggest": Expect(anybody),
    "laws": Expect(anybody),
    "law": Expect(anybody),
    "article": Expect(anybody),
    "calculators": Expect(anybody),
    "calculator": Expect(anybody, anybody),
    "interviews": Expect(anybody, nowhere),
    "interview": Expect(anybody, anybody),
    "interview_question": Expect(anybody),
    "interview_answer": Expect(None, anybody),
    "interview_result": Expect(anybody),
    "interview_opinion": Expect(None, anybody),
    "interview_send": Expect(anybody, anybody),
    "verify": Expect(anybody, nowhere),
    "opinion": Expect(anybody),
    "opinion_pdf": Expect(anybody),
    "opinion_docx": Expect(anybody),
    "faq": Expect(anybody),
    "faq_guide": Expect(nowhere),
    "cases": Expect(anybody),
    "case": Expect(lambda who, subject: "ok" if subject == "case" else "absent", None, ("case", "case_draft")),
    "papers": Expect(anybody),
    "paper": Expect(anybody, anybody),
    # the API
    "api_submit_consultation": Expect(None, anybody),
    "api_track": Expect(coded(with_code), None, CODES),
    "api_write": Expect(None, coded(with_code), CODES),
    "api_give_rating": Expect(None, coded(lambda m: with_code(m, staff="no")), CODES),
    "api_step": Expect(None, coded(with_code), CODES),
    **{
        f"api_{name}": Expect(anybody)
        for name in (
            "laws",
            "law",
            "article",
            "calculators",
            "calculator_declared",
            "interview_list",
            "interview_declared",
            "interview_state",
            "interview_result",
        )
    },
    **{f"api_{name}": Expect(None, anybody) for name in ("compute", "begin_interview", "answer_question")},
    "api_attach": Expect(None, coded(with_code), CODES),
    "api_search": Expect(anybody),
    # the desk
    "desk": Expect(staff_of()),
    "desk_sign_in": Expect(anybody, wrong_password),
    "desk_sign_out": Expect(None, signed_out),
    "desk_password": Expect(staff_of(halfway="ok"), staff_of(halfway="ok")),
    "desk_device": Expect(staff_of(halfway="ok"), staff_of(halfway="ok")),
    "desk_bulk": Expect(None, staff_of()),
    "desk_views": Expect(None, staff_of()),
    "desk_search": Expect(staff_of(), staff_of()),
    "desk_matter": Expect(at_desk(_seen), None, MATTERS),
    "desk_step": Expect(None, at_desk(step_rule), ALL_STEPS),
    "desk_act": Expect(None, at_desk(act_rule), ALL_ACTS),
    "desk_attach": Expect(None, at_desk(_talk), ("consultation", "complaint")),
    "desk_document": Expect(at_desk(_content), None, ("consultation",)),
    "desk_answer_library": Expect(None, at_desk(_handler), ("consultation",)),
    "desk_answer_found": Expect(None, at_desk(_handler), ("consultation",)),
    "desk_answer_checked": Expect(None, at_desk(_handler), ("consultation",)),
    "desk_answer_similar": Expect(None, at_desk(_handler), ("consultation",)),
    "desk_answer_draft": Expect(None, at_desk(_handler), ("consultation",)),
    "desk_bank": Expect(at_desk(_bank), at_desk(_bank), ("consultation",)),
    "desk_library": Expect(staff_of(*PROPOSERS)),
    "desk_review": Expect(None, at_desk(lambda who, subject: "absent")),
    **{
        name: Expect(staff_of(*PROPOSERS), staff_of(*PROPOSERS))
        for name in (
            "desk_snippets",
            "desk_guide_new",
            "desk_guide",
            "desk_case_new",
            "desk_local_figures",
        )
    },
    **{name: Expect(staff_of(*PROPOSERS)) for name in ("desk_questions", "desk_guides", "desk_cases")},
    "desk_case": Expect(staff_of(*PROPOSERS), at_desk(_not_kept)),
    "desk_question": Expect(at_desk(_not_kept), at_desk(_not_kept)),
    **{name: Expect(None, at_desk(lambda who, subject: "absent" if who.role == "rule_editor" else "no")) for name in ("desk_snippet", "desk_local_figure")},
    "desk_window": Expect(at_desk(_takes_in), at_desk(_takes_in)),
    "desk_tickets": Expect(None, at_desk(_takes_in)),
    "desk_slip": Expect(at_desk(_slip), None, ("intake",)),
    "desk_seat": Expect(at_desk(seats)),
    "desk_seat_do": Expect(None, at_desk(seats)),
    "desk_seat_beat": Expect(None, at_desk(seats)),
    "desk_seat_line": Expect(None, at_desk(seats)),
    "desk_call_ticket": Expect(at_desk(_call_ticket), None, ("ticket", "ticket_about")),
    "desk_call_ticket_save": Expect(None, at_desk(_call_ticket_save), ("ticket", "ticket_about")),
    "desk_hotline_board": Expect(at_desk(_watches)),
    "desk_hotline_supervise": Expect(None, staff_of("hotline_supervisor")),
    "desk_hotline_work": Expect(at_desk(seats)),
    "desk_hotline_quality": Expect(at_desk(_watches)),
    "desk_hotline_sample": Expect(at_desk(_no_such_sample), None, ("intake",)),
    "desk_hotline_score": Expect(None, at_desk(_no_such_sample), ("intake",)),
    "desk_hotline_appeal": Expect(None, at_desk(_no_such_sample), ("intake",)),
    "desk_hotline_listen": Expect(None, at_desk(_heard), ("sound", "sound_about")),
    "desk_hotline_transcribe": Expect(None, at_desk(_heard), ("sound", "sound_about")),
    "desk_hotline_roster": Expect(at_desk(_figured)),
    "desk_hotline_roster_do": Expect(None, staff_of("hotline_planner")),
    "desk_hotline_plan": Expect(at_desk(_figured)),
    "desk_hotline_draft": Expect(None, staff_of("hotline_planner")),
    "desk_hotline_announce": Expect(None, staff_of("hotline_supervisor")),
    "desk_hotline_edition": Expect(at_desk(_figured), None, ("edition",)),
    "desk_hotline_revise": Expect(None, staff_of("hotline_planner"), ("edition",)),
    "desk_hotline_simulate": Expect(None, staff_of("hotline_planner"), ("edition",)),
    "desk_hotline_live": Expect(None, staff_of("hotline_supervisor", "office_head"), ("edition",)),
    "desk_hotline_sound": Expect(None, at_desk(_sound), ("sound", "sound_about")),
    "desk_board": Expect(staff_of("dispatcher", "office_head")),
    "desk_supervision": Expect(staff_of("supervisor", "office_head", "return_visitor")),
    "desk_figures": Expect(staff_of("statistician", "supervisor", "office_head", "audit_admin", "dispatcher")),
    "desk_behind": Expect(staff_of("statistician", "supervisor", "office_head", "audit_admin", "dispatcher")),
    "desk_registry": Expect(staff_of()),
    "desk_sites": Expect(staff_of()),
    "desk_practitioners": Expect(staff_of()),
    "desk_organisation": Expect(staff_of(), at_desk(_organisation)),
    "desk_organisation_new": Expect(staff_of("registrar"), staff_of("registrar")),
    "desk_import": Expect(staff_of("registrar"), staff_of("registrar")),
    "desk_batch": Expect(at_desk(_batch), at_desk(_batch), ("batch",)),
    "desk_export": Expect(staff_of()),
    "desk_accounts": Expect(staff_of("system_admin", "security_admin", "audit_admin")),
    "desk_account": Expect(at_desk(_account), None, ("account",)),
    "desk_account_new": Expect(None, staff_of("system_admin")),
    "desk_account_change": Expect(None, at_desk(_account_change), ("grant", "revoke", "move", "disable")),
    "desk_me": Expect(staff_of()),
    "desk_me_change": Expect(None, staff_of()),
    "desk_rules": Expect(staff_of()),
    "desk_calendar": Expect(None, staff_of("rule_editor")),
    "desk_categories": Expect(staff_of()),
    "desk_categories_table": Expect(staff_of()),
    "desk_categories_next": Expect(None, staff_of("rule_editor")),
    "desk_outbox": Expect(staff_of("system_admin")),
    "desk_trail": Expect(staff_of("audit_admin"), staff_of("audit_admin")),
}
