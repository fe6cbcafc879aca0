"""What this room says when it refuses; the words of the value checks are merged in."""

from __future__ import annotations

from fawang.kernel import text_safety
from fawang.kernel.errors import catalogue
from fawang.people import identity, names, phones

for module in (text_safety, identity, names, phones):
    catalogue(module.PROBLEMS)
catalogue(
    {
        "sign_in.wrong": ("用户名、密码或动态码不对。", "User name, password or one-time code is wrong."),
        "sign_in.locked": ("连续多次输错，请{minutes}分钟后再试。", "Too many wrong attempts; try again in {minutes} minutes."),
        "sign_in.totp_setup": ("请先绑定动态码。", "Please set up the one-time code first."),
        "code.wrong": ("验证码不对或已过期，请核对或重新获取。", "The code is wrong or out of date."),
        "code.limit": ("这个号码今天收到的验证码太多，请明天再试，或拨打12348。", "This number has had too many codes today; call 12348."),
        "role.unknown": ("没有这个岗位。", "There is no such role."),
        "role.clash": ("三员分立：这些岗位不能由一人兼任。", "These roles must be in different hands."),
        "leave.substitute": (
            "这个人不能代班：要在职、同机构、有相同岗位。",
            "He cannot stand in: it takes one in service, of the same office, with a post in common.",
        ),
        "staff.exists": ("用户名已被使用。", "The user name is taken."),
        "staff.first": ("已经有账号，不能再做首次设置。", "Accounts exist already."),
        "staff.password_again": ("两次输入的密码不一样。", "The two passwords differ."),
        "staff.password": ("密码至少10位，且不能太常见。", "At least 10 characters, and not a common one."),
        "identity.taken": ("这个证件已登记在另一人名下，请到窗口核实。", "The document is registered to somebody else; please come to a window."),
    }
)
