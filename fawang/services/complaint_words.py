"""Whom and what complaints are about (DOMAIN §5.4): the words every service uses that lets somebody complain."""

from __future__ import annotations

TARGETS = (
    ("lawyer", "律师、律师事务所", "Lawyer or firm"),
    ("notary", "公证员、公证处", "Notary"),
    ("appraiser", "司法鉴定人、鉴定机构", "Appraiser"),
    ("mediator", "人民调解员", "Mediator"),
    ("legal_aid", "法律援助机构、人员", "Legal aid body or provider"),
    ("seat", "热线接听人员", "Hotline seat"),
    ("staff", "窗口及其他工作人员", "Counter or other staff"),
)
CONDUCT = (
    ("attitude", "服务态度", "Attitude"),
    ("delay", "拖延不办", "Delay"),
    ("charge", "违规收费、索要财物", "Improper charge"),
    ("wrong", "答复或办理错误", "Wrong advice or handling"),
    ("secrecy", "泄露秘密或隐私", "Breach of confidence"),
    ("conflict", "利益冲突", "Conflict of interest"),
    ("other", "其他", "Other"),
)
