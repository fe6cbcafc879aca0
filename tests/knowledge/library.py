"""Small laws written by hand for the tests: real titles and dates, a few articles each, in the layouts that the importers read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from fawang.knowledge.importers.run import import_laws
from fawang.people.actors import SYSTEM

ARBITRATION_2017 = """# 中华人民共和国仲裁法

1994年8月31日 第八届全国人民代表大会常务委员会第九次会议通过

2017年9月1日 第十二届全国人民代表大会常务委员会第二十九次会议第二次修正

<!-- INFO END -->

## 第五章 申请撤销裁决

第五十九条 当事人申请撤销裁决的，应当自收到裁决书之日起六个月内提出。

## 第八章 附则

第八十条 本法自1995年9月1日起施行。
"""
ARBITRATION_2025 = """# 中华人民共和国仲裁法

2025年9月12日 第十四届全国人民代表大会常务委员会第十七次会议修订

<!-- INFO END -->

## 第五章 申请撤销裁决

第七十二条 当事人申请撤销裁决的，应当自收到裁决书之日起三个月内提出。

## 第八章 附则

第九十六条 本法自2026年3月1日起施行。
"""
CODE = """# 中华人民共和国民法典

2020年5月28日 第十三届全国人民代表大会第三次会议通过

<!-- INFO END -->

## 第四章 离婚

第一千零七十九条 夫妻一方要求离婚的，可以由有关组织进行调解或者直接向人民法院提起离婚诉讼。

人民法院审理离婚案件，应当进行调解；如果感情确已破裂，调解无效的，应当准予离婚。

第一千零八十七条 离婚时，夫妻的共同财产由双方协议处理；协议不成的，由人民法院根据财产的具体情况，按照照顾子女、女方和无过错方权益的原则判决。

## 附则

第一千二百六十条 本法自2021年1月1日起施行。《中华人民共和国婚姻法》、《中华人民共和国合同法》同时废止。
"""
MARRIAGE = """# 中华人民共和国婚姻法

2001年4月28日 第九届全国人民代表大会常务委员会第二十一次会议修正

<!-- INFO END -->

第三十二条 男女一方要求离婚的，可由有关部门进行调解或直接向人民法院提出离婚诉讼。
"""
LABOUR = """# 中华人民共和国劳动合同法

2012年12月28日 第十一届全国人民代表大会常务委员会第三十次会议修正

<!-- INFO END -->

## 第三章 劳动合同的履行和变更

第三十条 用人单位应当按照劳动合同约定和国家规定，向劳动者及时足额支付劳动报酬。

用人单位拖欠或者未足额支付劳动报酬的，劳动者可以依法向当地人民法院申请支付令，人民法院应当依法发出支付令。

## 第四章 劳动合同的解除和终止

第四十七条 经济补偿按劳动者在本单位工作的年限，每满一年支付一个月工资的标准向劳动者支付。
"""
CRIMINAL = """# 中华人民共和国刑法

2020年12月26日 第十三届全国人民代表大会常务委员会第二十四次会议通过的《中华人民共和国刑法修正案（十一）》

<!-- INFO END -->

第十七条 已满十六周岁的人犯罪，应当负刑事责任。

第十七条之一 已满七十五周岁的人故意犯罪的，可以从轻或者减轻处罚；过失犯罪的，应当从轻或者减轻处罚。

第一百六十五条 国有公司、企业的董事、经理利用职务便利，自己经营或者为他人经营与其所任职公司、企业同类的营业，获取非法利益，数额巨大的，处三年以下有期徒刑或者拘役。
"""
AMENDMENT = """# 中华人民共和国刑法修正案（十二）

2023年12月29日 第十四届全国人民代表大会常务委员会第七次会议通过

<!-- INFO END -->

一、在刑法第一百六十五条中增加一款作为第二款，将该条修改为：“国有公司、企业的董事、监事、高级管理人员，利用职务便利，自己经营或者为他人经营与其所任职公司、企业同类的营业，获取非法利益，数额巨大的，处三年以下有期徒刑或者拘役。

“其他公司、企业的董事、监事、高级管理人员违反法律、行政法规规定，实施前款行为的，依照前款的规定处罚。”

二、本修正案自2024年3月1日起施行。
"""
FARMING_2027 = """# 中华人民共和国农业法

2026年8月28日 第十四届全国人民代表大会常务委员会修订

<!-- INFO END -->

第一条 为了巩固和加强农业在国民经济中的基础地位，制定本法。

第一百一十五条 本法自2027年1月1日起施行。
"""
ALL = {
    "仲裁法(2017-09-01).md": ARBITRATION_2017, "仲裁法(2025-09-12).md": ARBITRATION_2025, "民法典.md": CODE, "婚姻法(2001-04-28).md": MARRIAGE,
    "劳动合同法(2012-12-28).md": LABOUR, "刑法.md": CRIMINAL, "刑法修正案（十二）(2023-12-29).md": AMENDMENT, "农业法(2026-08-28).md": FARMING_2027,
}  # fmt: skip


def tree(folder: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """Write files into a folder laid out like the public tree."""
    for name, content in (files if files is not None else ALL).items():
        path = folder / "法律" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def take(folder: Path, files: dict[str, str | bytes] | None = None, **options: Any) -> dict[str, Any]:
    """Import a tree; returns the report."""
    return import_laws(actor=SYSTEM, source="markdown", path=tree(folder, files), **options)


def docx(lines: list[str], extra: dict[str, bytes] | None = None, document: bytes | None = None) -> bytes:
    """A small ``.docx`` of plain paragraphs, written by hand, so that hostile ones can be made too."""
    body = "".join(f"<w:p><w:r><w:t xml:space='preserve'>{line}</w:t></w:r></w:p>" for line in lines)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    whole = document or f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'.encode()
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override '
        'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", relations)
        archive.writestr("word/document.xml", whole)
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return out.getvalue()
