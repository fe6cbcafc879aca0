"""机构种类: the kinds of organisation of the glossary, and which of them take matters in."""

from __future__ import annotations

from dataclasses import dataclass

from fawang.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """``numbered``: its matters carry its serial. ``uscc_class``: second character of its USCC, where GB 32100 fixes one."""

    code: str
    name: Text
    numbered: bool = True
    uscc_class: str = ""


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("provincial_justice_department", Text("司法厅（局）", "Provincial justice department")),
        Kind("justice_bureau", Text("司法局", "Justice bureau")),
        Kind("justice_office", Text("司法所", "Justice office")),
        Kind("service_center", Text("公共法律服务中心", "Service centre")),
        Kind("hotline_platform", Text("12348热线平台", "Hotline platform")),
        Kind("legal_aid_agency", Text("法律援助机构", "Legal aid agency")),
        Kind("mediation_committee", Text("人民调解委员会", "Mediation committee")),
        Kind("law_firm", Text("律师事务所", "Law firm"), uscc_class="1"),
        Kind("notary_office", Text("公证处", "Notary office"), uscc_class="2"),
        Kind("grassroots_legal_office", Text("基层法律服务所", "Grass-roots legal office"), uscc_class="3"),
        Kind("appraisal_institution", Text("司法鉴定机构", "Appraisal institution"), uscc_class="4"),
        Kind("arbitration_institution", Text("仲裁机构", "Arbitration institution"), uscc_class="5"),
        Kind("association", Text("行业协会", "Professional association"), numbered=False),
    )
}
ITEMS: dict[str, Text] = {
    "consultation": Text("法律咨询", "Legal advice"),
    "complaint": Text("服务投诉", "Complaints"),
    "legal_aid": Text("法律援助申请", "Legal aid applications"),
    "mediation": Text("人民调解", "Mediation"),
    "notary": Text("公证指引", "Notary guidance"),
    "appraisal": Text("司法鉴定指引", "Appraisal guidance"),
}
ACCESSIBILITY: dict[str, Text] = {
    "ramp": Text("无障碍坡道", "Ramp"),
    "toilet": Text("无障碍卫生间", "Accessible toilet"),
    "sign_language": Text("手语服务", "Sign language"),
    "elder_desk": Text("长者服务台", "Desk for older people"),
    "lift": Text("无障碍电梯", "Lift"),
}
