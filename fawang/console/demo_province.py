"""The demonstration province: offices, sites and people that do not exist. Every name says （演示）."""

from __future__ import annotations

from dataclasses import dataclass

MARK = "（演示）"


@dataclass(frozen=True, slots=True)
class Office:
    key: str
    kind: str
    name: str
    region: str
    above: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    office: str
    level: str
    name: str
    region: str
    address: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    name: str
    office: str
    roles: tuple[str, ...]
    skills: tuple[str, ...] = ()


OFFICES = (
    Office("province", "provincial_justice_department", "安徽省司法厅", "340000"),
    Office("hotline", "hotline_platform", "安徽省12348热线中心", "340000", "province"),
    Office("hefei", "justice_bureau", "合肥市司法局", "340100", "province"),
    Office("hefei_centre", "service_center", "合肥市公共法律服务中心", "340100", "hefei"),
    Office("hefei_aid", "legal_aid_agency", "合肥市法律援助中心", "340100", "hefei"),
    Office("luyang", "justice_bureau", "合肥市庐阳区司法局", "340103", "hefei"),
    Office("luyang_centre", "service_center", "庐阳区公共法律服务中心", "340103", "luyang"),
    Office("shushan", "justice_bureau", "合肥市蜀山区司法局", "340104", "hefei"),
    Office("wuhu", "justice_bureau", "芜湖市司法局", "340200", "province"),
    Office("wuhu_aid", "legal_aid_agency", "芜湖市法律援助中心", "340200", "wuhu"),
    Office("firm_a", "law_firm", "安徽明理律师事务所", "340100", "hefei"),
    Office("firm_b", "law_firm", "安徽正平律师事务所", "340100", "hefei"),
    Office("notary", "notary_office", "合肥市明信公证处", "340100", "hefei"),
    Office("appraisal", "appraisal_institution", "安徽求实司法鉴定所", "340100", "hefei"),
    Office("mediation", "mediation_committee", "庐阳区逍遥津街道人民调解委员会", "340103", "luyang"),
)
SITES = (
    Site("hefei_centre", "centre", "合肥市公共法律服务中心", "340100", "合肥市东流路演示大楼1层", 117.227, 31.821),
    Site("luyang_centre", "centre", "庐阳区公共法律服务中心", "340103", "合肥市庐阳区濉溪路演示楼1层", 117.265, 31.879),
    Site("luyang", "station", "逍遥津街道公共法律服务工作站", "340103", "合肥市庐阳区寿春路演示楼", 117.297, 31.866),
    Site("luyang", "room", "县桥社区公共法律服务工作室", "340103", "合肥市庐阳区县桥社区居委会", 117.288, 31.861),
    Site("shushan", "station", "笔架山街道公共法律服务工作站", "340104", "合肥市蜀山区潜山路演示楼", 117.230, 31.838),
    Site("wuhu", "centre", "芜湖市公共法律服务中心", "340200", "芜湖市鸠江区演示路1号", 118.433, 31.352),
)
HOURS = {"mon": ["09:00-12:00", "13:30-17:00"], "tue": ["09:00-12:00", "13:30-17:00"], "wed": ["09:00-12:00", "13:30-17:00"],
         "thu": ["09:00-12:00", "13:30-17:00"], "fri": ["09:00-12:00", "13:30-17:00"]}  # fmt: skip
ITEMS = {"centre": ["consultation", "complaint", "legal_aid", "mediation", "notary"], "station": ["consultation", "mediation"], "room": ["consultation"]}
ACCESS = {"centre": ["ramp", "toilet", "sign_language", "elder_desk"], "station": ["ramp"], "room": []}
ACCOUNTS = (
    Account("li", "李晓燕", "hefei_aid", ("adviser",), ("labour", "family")),
    Account("zhou", "周文博", "hefei_aid", ("adviser",), ("housing", "debt", "consumer")),
    Account("qian", "钱立群", "hefei_aid", ("adviser",)),
    Account("feng", "冯海涛", "wuhu_aid", ("adviser",)),
    Account("wang", "王建国", "hefei", ("dispatcher",)),
    Account("sun", "孙小梅", "hefei_centre", ("window_clerk",)),
    Account("zhao", "赵志强", "hefei", ("supervisor",)),
    Account("chen", "陈丽华", "hefei", ("return_visitor",)),
    Account("wu", "吴正", "hefei", ("complaint_handler",)),
    Account("he", "何卫东", "hefei", ("office_head",)),
    Account("tong", "童计", "province", ("statistician",)),
    Account("deng", "邓录", "province", ("registrar", "rule_editor")),
    Account("xitong", "系统管理员", "province", ("system_admin",)),
    Account("anquan", "安全管理员", "province", ("security_admin",)),
    Account("shenji", "审计管理员", "province", ("audit_admin",)),
)
