"""What the faces say when they refuse."""

from __future__ import annotations

from fawang.kernel.errors import catalogue

catalogue(
    {
        "question.short": ("请再多写几个字，说说发生了什么。", "Please say a little more about what happened."),
        "body.unreadable": ("请求内容无法读取，应为 UTF-8 编码的 JSON。", "The body could not be read; it must be JSON in UTF-8."),
        "body.too_large": ("请求内容不能超过 {megabytes} MB，没有办理。", "The body may have up to {megabytes} MB; nothing was done."),
        "request.bad": ("请求不符合要求，没有办理。", "The request is not one that can be answered; nothing was done."),
        "request.method": ("这个地址没有这种方法，可用的方法见 Allow。", "This address does not have that method; the header Allow names those it has."),
        "bulk.none": ("请先勾选要办理的事项。", "Tick the matters first."),
        "bulk.verb": ("不认识的操作。", "Unknown action."),
        "window.office": ("您的账号没有所属机构，不能在窗口受理，请联系系统管理员。", "Your account belongs to no office; ask the administrator."),
        "calendar.entry": ("请填写日期；录入整年时须写明年份和依据。", "Give the day; for a year also its number and source."),
        "calendar.line": ("这一行看不懂：{line}。每行写：日期 放假或上班 名称。", "Cannot read this line: {line}."),
        "trail.number": ("没有这个编号的事项，请核对（受理单上的16位数字）。", "There is no matter of this number; it has 16 digits."),
        "trail.who": ("没有这个用户名的账号。", "There is no account of this name."),
        "trail.day": ("请填写日期，如 2026-03-02。", "Give a day, as in 2026-03-02."),
        "leave.far": ("请填写三年以内的日期。", "Give a day within three years."),
        "leave.order": ("结束日期不能早于开始日期。", "The end lies before the beginning."),
        "broken": (
            "我们的系统出了问题，您的请求没有办理，请稍后再试。",
            "Something broke on our side; the request was not carried out. Please try again later.",
        ),
        "form.bounds": (
            "有一项内容太长，或者数字、日期超出范围，没有保存；您填写的内容还在，请修改后再提交。",
            "Something is too long, or a number or date is out of bounds; nothing was saved, and your text is kept.",
        ),
        "page.key": ("这个页面已经失效，请返回重新打开；您填写的内容还在。", "This page is out of date; your text is kept."),
    }
)
