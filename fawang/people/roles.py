"""岗位: the roles of the house, what each is for, and which never go together (三员分立)."""

from __future__ import annotations

from fawang.kernel.texts import Text

ROLES: dict[str, Text] = {
    "window_clerk": Text("窗口受理员", "Window clerk"),
    "dispatcher": Text("派单员", "Dispatcher"),
    "adviser": Text("律师（咨询答复）", "Adviser"),
    "complaint_handler": Text("投诉办理员", "Complaint handler"),
    "return_visitor": Text("回访员", "Return visitor"),
    "supervisor": Text("督办员", "Supervisor"),
    "office_head": Text("机构负责人", "Head of office"),
    "registrar": Text("机构信息管理员", "Registrar"),
    "seat": Text("热线坐席", "Hotline seat"),
    "hotline_supervisor": Text("热线值班长", "Hotline supervisor"),
    "quality_checker": Text("质检员", "Quality checker"),
    "hotline_planner": Text("热线配置排班员", "Hotline planner"),
    "rule_editor": Text("规则管理员", "Rule editor"),
    "statistician": Text("统计员", "Statistician"),
    "system_admin": Text("系统管理员", "System administrator"),
    "security_admin": Text("安全管理员", "Security administrator"),
    "audit_admin": Text("审计管理员", "Audit administrator"),
}
ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin")
"""Never two of these in one hand, and none of them together with any role that handles matters."""


def clash(held: set[str], wanted: str) -> bool:
    """Whether a role may not be added to those held."""
    if wanted in held:
        return False
    if wanted in ADMINISTRATORS:
        return bool(held)
    return bool(held & set(ADMINISTRATORS))
