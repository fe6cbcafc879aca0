"""Two pages of plain text everybody may ask for: how accessible the site is, and what becomes of personal data."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.kernel.texts import Text

Section = tuple[Text, tuple[Text, ...]]
PLAIN = Text("", "")
ACCESSIBILITY: tuple[Section, ...] = (
    (PLAIN, (
        Text("本站让每个人都能用：看不清的、听不见的、手不方便的、第一次上网的。", "Made so that everybody can use it: with weak sight, without hearing, with unsteady hands, for the first time online."),
        Text("无障碍环境建设法第三十二条要求政府网站逐步符合无障碍标准，本站按 WCAG 2.2 AA 建设，正文对比度不低于 7:1。", "Built to WCAG 2.2 AA with text contrast of at least 7:1, as §32 of the Law on Barrier-free Environments asks of public sites."),
    )),
    (Text("您可以这样用", "How you can use it"), (
        Text("只用键盘：按 Tab 移动，按回车打开。第一下 Tab 可以跳到正文。", "By keyboard alone: Tab moves, Enter opens; the first Tab skips to the content."),
        Text("用读屏软件：每个按钮、图片和输入框都有名称。", "With a screen reader: every button, picture and field has a name."),
        Text("长辈版：字大、一次一件事，下方常有“返回”“打12348”“读给我听”。", "Large type: big words, one thing at a time, with Back, Call and Read aloud always at hand."),
        Text("放大到 400%，或用 320 像素宽的手机，都不用左右滑动。按钮不小于 44 像素。", "At 400 % or on a phone 320 px wide nothing scrolls sideways. Targets are at least 44 px."),
        Text("不开脚本也能提问、查进度、留言和评价。", "Asking, tracking, writing and rating work without scripts."),
    )),
    (Text("还做不到的", "What is not there yet"), (
        Text("还没有手语视频。需要手语服务，请看“服务网点”里标注的地点。", "No sign-language video yet; see which places offer sign language under Places."),
        Text("您上传的材料里的文字，读屏软件可能读不出来。", "Words inside the files people upload may not be readable aloud."),
    )),
    (Text("用着不方便，请告诉我们", "Tell us"), (
        Text("拨打12348，或在“我要投诉”里写下哪一页、哪里不方便。", "Call 12348, or write under Complain which page is in your way and how."),
    )),
)  # fmt: skip
PRIVACY: tuple[Section, ...] = (
    (PLAIN, (
        Text("您的事由司法行政机关办理，它就是个人信息的处理者，依据是履行法定职责（个人信息保护法第十三条）。", "The justice authority that takes your matter processes your data by its statutory duty (PIPL §13)."),
    )),
    (Text("收集什么，做什么用", "What and what for"), (
        Text("您写的事、您愿意留下的称呼和手机号、您上传的材料，只用来办理这件事。不留姓名和手机号也能提问。", "Your words, the name and number you choose to leave, and your files, for this matter only. You may ask without name or number."),
        Text("是否属于老年人、农民工等，只用来优先安排和统计人数。", "Whether you belong to a priority group is used to serve you first and to count."),
        Text("本站只用必要的 Cookie：记住登录、语言和长辈版。不做画像，不投广告，不作自动拒绝的决定。", "Only necessary cookies: sign-in, language, large type. No profiles, no advertising, no automated refusals."),
    )),
    (Text("怎么保存", "How it is kept"), (
        Text("姓名、电话、证件号和您写的内容加密保存。保存时间是办理和归档所必需的最短时间（第十九条）。", "Name, number, document and words are stored encrypted, for the shortest time the work and the archive need (§19)."),
        Text("不加载境外或第三方的内容，数据不出境。", "Nothing is loaded from third parties; no data leaves the country."),
    )),
    (Text("谁能看到", "Who sees it"), (
        Text("只有办理和监督这件事的工作人员。每看一次都有记录，用手机号登录后，在“我的事项”里能看到谁看过、为什么。", "Only those who handle or supervise the matter. Every look is recorded; signed in, you see who looked and why."),
        Text("您投诉别人时，您的身份不会告诉被投诉的人。", "When you complain about somebody, your identity is kept from that person."),
    )),
    (Text("您的权利", "Your rights"), (
        Text("您可以查阅、复制、更正、补充和要求删除自己的信息（第四十五条至第四十七条），拨打12348或到窗口提出。", "You may see, copy, correct, complete and have deleted what is yours (§45–47): call 12348 or come to a centre."),
        Text("不能照办的，会说明理由（第五十条）。", "A refusal gives its reasons (§50)."),
        Text("不满十四周岁的，请由父母或其他监护人同意（第三十一条）。", "Under fourteen, a parent or guardian consents (§31)."),
        Text("认为处理违法，可以向履行个人信息保护职责的部门投诉、举报（第六十五条）。", "You may complain to the authority for personal data (§65)."),
    )),
)  # fmt: skip
PAGES = {"accessibility": (Text("无障碍说明", "Accessibility"), ACCESSIBILITY), "privacy": (Text("隐私说明", "Privacy notice"), PRIVACY)}


@open_to("public", "GET")
def text(request: HttpRequest, name: str) -> HttpResponse:
    """A page of plain text."""
    heading, sections = PAGES[name]
    tongue = language()
    said = [(title.in_language(tongue), [p.in_language(tongue) for p in paragraphs]) for title, paragraphs in sections]
    return render(request, "portal/text.html", {"heading": heading.in_language(tongue), "sections": said})
