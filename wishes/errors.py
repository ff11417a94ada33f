"""What can go wrong, as one family.

Each error has an HTTP status, a machine-readable code, its facts as keywords, and a sentence in both languages that says
what is wrong and what to do. Pages, the JSON API (RFC 9457 problem details) and commands all show the same sentence.
Facts name ids and codes, never a child or a guardian: they end up in logs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from wishes.i18n import Language, Text


class MicrowishError(Exception):
    """Root of the family. Subclasses set the class variables; callers give the facts."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[Text] = Text("出错了", "Something went wrong")
    sentence: ClassVar[Text] = Text("系统出错，请稍后再试。", "Something went wrong. Please try again later.")

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    def say(self, language: Language = "zh") -> str:
        return self.sentence.say(language, **self.facts)

    def __str__(self) -> str:
        return f"{self.code}: {self.say('en')}"


class NotSignedIn(MicrowishError):
    status, code = 401, "not_signed_in"
    title = Text("请先登录", "Please sign in")
    sentence = Text("请先登录，再打开这个页面。", "Please sign in first, then open this page again.")


class SignInRefused(MicrowishError):
    status, code = 401, "sign_in_refused"
    title = Text("登录失败", "Sign-in failed")
    sentence = Text(
        "账号或密码不正确。请检查后重试，或联系项目协调员。",
        "The account or the password is not right. Check both, or ask your coordinator.",
    )


class Forbidden(MicrowishError):
    status, code = 403, "forbidden"
    title = Text("没有权限", "Not permitted")
    sentence = Text(
        "您的角色不能这样做。如有需要，请联系项目协调员。",
        "Your role does not permit this. If you need it, ask your coordinator.",
    )


class NotFound(MicrowishError):
    """Also answered for what exists but is not the reader's to know of."""

    status, code = 404, "not_found"
    title = Text("没有找到", "Not found")
    sentence = Text(
        "没有找到{what}。请检查链接或返回列表。", "There is no such {what_en}. Check the link or go back to the list."
    )

    def __init__(self, what: str = "这个页面", what_en: str = "page", **facts: Any) -> None:
        super().__init__(what=what, what_en=what_en, **facts)


class Invalid(MicrowishError):
    """One field of the input cannot be used. Give ``problem`` as a :class:`Text`."""

    status, code = 422, "invalid"
    title = Text("填写有误", "Please correct the input")

    def __init__(self, field: str, problem: Text, **facts: Any) -> None:
        super().__init__(field=field, **facts)
        self.field, self.problem = field, problem

    def say(self, language: Language = "zh") -> str:
        facts = {k: v for k, v in self.facts.items() if k != "field"}
        return self.problem.say(language, **facts)


class Conflict(MicrowishError):
    status, code = 409, "conflict"
    title = Text("有人更快一步", "Someone was quicker")
    sentence = Text(
        "这个心愿刚刚被别人认领了。看看其他心愿吧。",
        "Someone else has just claimed this wish. Please look at the others.",
    )


class NotPossibleNow(Conflict):
    """The lifecycle has no such move from where the wish stands."""

    code = "not_possible_now"
    title = Text("现在不能这样做", "Not possible now")
    sentence = Text(
        "心愿现在是“{status_zh}”，不能{action_zh}。刷新页面查看最新状态。",
        "The wish is now “{status_en}”; it is not possible to {action_en}. Reload to see where it stands.",
    )


class CapacityReached(Conflict):
    code = "capacity_reached"
    title = Text("已达上限", "Limit reached")
    sentence = Text(
        "您名下进行中的心愿已达上限（{limit} 个）。完成或退回一个后再认领。",
        "You already carry the most wishes agreed ({limit}). Finish or give one back, then claim again.",
    )


class PledgeReached(Conflict):
    code = "pledge_reached"
    title = Text("支部承诺已用完", "Branch pledge used up")
    sentence = Text(
        "支部承诺的数量或预算已用完。请支部书记调整承诺后再认领。",
        "The branch's pledged number or budget is used up. Ask the branch secretary to raise the pledge.",
    )


class NotQualified(MicrowishError):
    status, code = 403, "not_qualified"
    title = Text("需要核查或资质", "A check or qualification is needed")
    sentence = Text(
        "这个心愿需要与儿童见面：须有 365 天内的无犯罪记录核查；心理支持还须有专业资质。请把证明交给协调员。",
        "This wish means meeting the child: it needs a no-criminal-record check from the last 365 days, and "
        "counselling needs a named qualification. Hand your papers to the coordinator.",
    )


class ConsentMissing(MicrowishError):
    status, code = 409, "consent_missing"
    title = Text("缺少监护人同意", "Guardian's consent is missing")
    sentence = Text(
        "没有监护人同意，心愿不能公开。请先登记同意。",
        "Without the guardian's consent the wish cannot be shown. Record the consent first.",
    )


class HouseholdLimit(MicrowishError):
    status, code = 409, "household_limit"
    title = Text("超出每户限额", "Household limit reached")
    sentence = Text(
        "这名儿童或家庭已有 {count} 个心愿，本项目最多 {limit} 个。",
        "This child or household already has {count} wishes; this campaign allows {limit}.",
    )


class TooManyRequests(MicrowishError):
    status, code = 429, "too_many_requests"
    title = Text("操作太频繁", "Too many attempts")
    sentence = Text("操作太频繁，请在 {seconds} 秒后再试。", "Too many attempts. Try again in {seconds} seconds.")


class IdempotencyMismatch(MicrowishError):
    status, code = 422, "idempotency_mismatch"
    title = Text("请求编号重复", "Idempotency key reused")
    sentence = Text(
        "同一个 Idempotency-Key 已用于另一个请求。请换一个新的编号。",
        "This Idempotency-Key was used for a different request. Use a new key.",
    )


class Unavailable(MicrowishError):
    status, code = 503, "unavailable"
    title = Text("暂时无法处理", "Temporarily unavailable")
    sentence = Text(
        "数据库正在恢复，刚才的操作没有生效。请几秒后重试。",
        "The database is recovering and nothing was changed. Please try again in a few seconds.",
    )


class Misconfigured(MicrowishError):
    """Raised at start-up, shown by commands; the process does not start."""

    status, code = 500, "misconfigured"
    title = Text("设置有误", "Wrong settings")
    sentence = Text("设置 {setting} 有误：{why}", "Setting {setting} is wrong: {why}")
