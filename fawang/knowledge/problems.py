"""What this room says when it refuses."""

from __future__ import annotations

from fawang.kernel.errors import catalogue

catalogue(
    {
        "library.source": ("找不到这个来源：{path}。", "This source cannot be found: {path}."),
        "library.size": ("文件过大：{name}。", "The file is too large: {name}."),
        "library.unreadable": ("读不出来：{name}（{reason}）。", "Unreadable: {name} ({reason})."),
        "library.no_articles": ("没有找到条文：{name}。", "No articles were found: {name}."),
        "library.no_title": ("没有找到标题：{name}。", "No title was found: {name}."),
        "library.no_date": ("没有找到公布日期：{name}。", "No date of promulgation was found: {name}."),
        "library.busy": ("另一次导入正在进行，请稍后再试。", "Another import is running; please try again later."),
        "question.length": ("问题请写6至200个字。", "A question takes 6 to 200 characters."),
        "question.articles": ("请至少选一条现行有效的法条：{given}。", "Choose at least one article in force: {given}."),
        "question.copy": ("题库里已有很相近的问题：{text}", "The bank holds nearly the same question: {text}"),
        "question.personal": ("里面还有可能识别个人的内容：{found}。请遮盖后再提交。", "It still holds personal data: {found}. Please mask it first."),
        "question.state": ("这个问题的状态不能这样改。", "The question's state does not allow this."),
        "question.own": ("自己推荐的问题要由别人审定或者停用。", "Somebody else must review or retire what one has proposed."),
        "review.note": ("请写明撤下的理由。", "Say why it is retired."),
        "review.kind": ("这一项不能撤下，请选“仍然正确”或者“已修改”。", "This cannot be retired: choose still right, or changed."),
        "bank.form": ("题库文件第{line}行写法不对：{reason}。", "Line {line} of the bank file is wrong: {reason}."),
        "guide.slug": ("地址只能用小写英文字母、数字和短横线，3至60个字符。", "The address takes 3 to 60 small letters, digits and dashes."),
        "guide.slug_taken": ("这个地址已经用过了，请换一个。", "This address is taken."),
        "guide.norms": (
            "依据第{line}行认不出来，或者今天没有施行：{given}。请写成“劳动合同法 30”。",
            "Line {line} of the basis is unknown or not in force today: {given}.",
        ),
        "guide.no_norms": ("请至少写一条法律依据。", "Name at least one article."),
        "guide.state": ("这一稿现在不能这样办。", "This text cannot be handled so now."),
        "guide.own": ("自己写的稿子要由别人审定。", "Somebody else must review what one has written."),
        "guide.due": ("下次复核日期须在今天之后、两年以内。", "The next review lies after today and within two years."),
        "case.field": ("{name}不对：{given}。", "{name} is wrong: {given}."),
        "case.copy": ("库里已有同样的案例：{title}。", "The library holds the same case: {title}."),
        "case.state": ("这个案例现在不能这样办。", "This case cannot be handled so now."),
        "case.hidden": ("发布前请再遮盖：{found}。", "Please hide before publishing: {found}."),
        "search.loading": ("法律库正在载入，请稍候再查。", "The law library is still loading; please try again shortly."),
        "search.no_index": ("还没有导入法律法规，暂时查不到内容。", "No laws have been imported yet."),
        "search.date": ("日期请写成2026-03-02。", "Write the date as 2026-03-02."),
    }
)
