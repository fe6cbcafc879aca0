"""What this room says when it refuses."""

from __future__ import annotations

from fawang.kernel.errors import catalogue
from fawang.registry import validators

catalogue(validators.PROBLEMS)
catalogue(
    {
        "organisation.kind": ("没有这种机构种类。", "There is no such kind of body."),
        "organisation.exists": ("同一地区已有同名机构，或统一社会信用代码已登记。", "A body of this name or code is registered there already."),
        "organisation.parent": ("上级机构不存在，或会形成循环。", "The supervising body does not exist, or would stand below its own."),
        "organisation.region": ("行政区划代码不存在。", "There is no such division."),
        "organisation.busy": ("该机构还有未办结的事项或下级机构，不能注销。", "It still has open matters or bodies below it."),
        "site.level": ("网点级别只能是中心、工作站或工作室。", "A site is a centre, a station or a room."),
        "site.coordinates": ("经纬度不合理，中国境内经度约73—136，纬度约3—54。", "The coordinates do not lie in China."),
        "site.hours": ("开放时间请写成09:00-12:00，止时晚于起时。", "Write hours as 09:00-12:00, the end after the beginning."),
        "site.exists": ("同一地区已有同名网点。", "A site of this name exists there already."),
        "practitioner.kind": ("没有这种执业类别。", "There is no such profession."),
        "practitioner.exists": ("这个执业证号已登记。", "This licence is registered already."),
        "validity.order": ("有效期的止日早于起日。", "The validity ends before it begins."),
        "import.file": ("请先选一个文件。", "Please choose a file first."),
        "import.size": ("文件过大：最多{mb}MB、{rows}行。", "Too large: at most {mb} MB and {rows} rows."),
        "import.unreadable": ("文件读不出来，请用CSV（UTF-8或GB18030）或XLSX。", "Unreadable; please use CSV (UTF-8 or GB18030) or XLSX."),
        "import.columns": ("缺少必填列：{names}。", "Columns are missing: {names}."),
        "import.empty": ("文件里没有数据行。", "The file holds no rows."),
        "import.unknown": ("没有“{value}”这个选项。", "There is no such choice: {value}."),
        "import.date": ("日期请写成2026-03-02。", "Write dates as 2026-03-02."),
        "import.number": ("这里应填数字。", "A number belongs here."),
        "import.twice": ("与第{row}行重复。", "The same as row {row}."),
        "import.organisation": ("没有找到这个机构，请先导入机构。", "No such body; import bodies first."),
        "import.ambiguous": ("有几个同名机构，请改用更完整的名称。", "Several bodies bear this name; use the full one."),
        "import.digits": (
            "这一格被当作数字保存，末几位可能已丢失。请把该列设为“文本”后重新填写。",
            "Stored as a number, its last digits may be lost. Format the column as text.",
        ),
        "import.scope": ("不在您的管辖范围内。", "Not within your scope."),
        "import.row": ("第{row}行现在导不进去：{reason}整批没有导入，请重新检查。", "Row {row} no longer fits: {reason} Nothing was imported; check again."),
        "import.state": ("这一批已导入，或有问题不能导入。", "This batch is already applied, or has problems."),
    }
)
