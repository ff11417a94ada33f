"""What became of the notices: how many arrived, which did not and why, and sending them again."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.clock import utc_now
from wishes.i18n import Text
from wishes.tracking import outbox as room
from wishes.tracking.delivery import MOST_ATTEMPTS
from wishes.tracking.wording import title
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, moment, t
from wishes.web.identity import database, signed_in
from wishes.web.numbers import whole

pages = campaign_blueprint("outbox", __name__)
PAGE = 50

CHANNEL: dict[str, Text] = {
    "": Text("未定", "Not chosen yet"),
    "inbox": Text("站内消息", "Inbox"),
    "console": Text("控制台", "Console"),
    "email": Text("电子邮件", "E-mail"),
    "sms": Text("短信", "Short message"),
    "wecom": Text("企业微信群", "WeCom group"),
    "wecom_app": Text("企业微信", "WeCom"),
}
SHOWN: dict[str, tuple[Text, tuple[str, ...]]] = {
    "failed": (Text("没送到", "Not delivered"), room.FAILED),
    "waiting": (Text("待发", "Waiting"), ("queued", "taken", "sending")),
    "sent": (Text("已发", "Sent"), ("sent",)),
    "skipped": (Text("没必要发", "Not needed"), ("skipped",)),
}
_NOT_NEEDED: dict[str, Text] = {
    "superseded": Text("后面的步骤已经到期", "a later step was due as well"),
    "acknowledged": Text("对方说知道了", "they said they know"),
    "settled": Text("发出前已经办好", "done before it left"),
    "nobody_to_tell": Text("负责的人没有账号", "whoever acts has no account"),
    "no_group_channel": Text("没有设置群", "no group is set up"),
    "no_release_here": Text("这个阶段不能收回", "nothing can be released in this stage"),
    "no_reserve": Text("应急物资库不能接", "the reserve could not take it"),
}


@pages.get("/notices")
def home() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    chosen = request.args.get("state", "failed")
    chosen = chosen if chosen in SHOWN else "failed"
    before = request.args.get("before", type=whole)
    with database().reading() as session:
        counts = room.state_counts(session, g.campaign.id, now=utc_now())
        found = room.outbox(session, g.campaign.id, states=SHOWN[chosen][1], before_id=before, limit=PAGE + 1)
    by_channel: dict[str, int] = {}
    for (state, channel), n in counts.items():
        if state == "sent":
            by_channel[channel] = by_channel.get(channel, 0) + n
    return render_template(
        "outbox/home.html",
        chosen=chosen,
        tabs=[
            {
                "label": t(label),
                "url": url_for("outbox.home", state=key),
                "current": key == chosen,
                "count": sum(n for (state, _), n in counts.items() if state in states),
            }
            for key, (label, states) in SHOWN.items()
        ],
        channels=[(t(CHANNEL.get(name, Text(name, name))), n) for name, n in sorted(by_channel.items())],
        rows=[_row(one) for one in found[:PAGE]],
        next_url=url_for("outbox.home", state=chosen, before=found[PAGE - 1].id) if len(found) > PAGE else "",
        prev_url=url_for("outbox.home", state=chosen) if before else "",
    )


@pages.post("/notices/retry")
def retry() -> Response:
    """Send the ticked ones again."""
    person = signed_in()
    ids = request.form.getlist("ids", type=whole)[:500]
    with database().transaction() as session:
        again = room.retry_notices(session, campaign_id=g.campaign.id, notice_ids=ids, actor=person, now=utc_now())
    flash(t("{n} 条重新排队，稍后发出。", "{n} are queued again and leave shortly.", n=again), "success")
    return redirect(url_for("outbox.home"))


def _row(one: room.Sent) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": title(one.kind, language()),
        "who": one.name if one.name is not None else t("协调群", "The group"),
        "wish": one.wish_code or "",
        "url": url_for("wish.page", code=one.wish_code) if one.wish_code else "",
        "channel": t(CHANNEL.get(one.channel or one.via, Text(one.channel, one.channel))),
        "at": moment(one.sent_at or one.created_at),
        "outcome": _outcome(one),
    }


def _outcome(one: room.Sent) -> str:
    """What became of it, told apart: refused for good, given up, not known, waiting, arrived."""
    why = one.problem
    if one.state == "failed" and one.attempts >= MOST_ATTEMPTS:
        return t("试了 {n} 次都不通（{why}）", "Gave up after {n} tries ({why})", n=one.attempts, why=why)
    if one.state == "failed":
        return t("对方永久拒收（{why}）", "Refused for good ({why})", why=why)
    if one.state == "unsure":
        return t("不确定对方是否收到（{why}）", "Nobody knows whether it arrived ({why})", why=why)
    if one.state == "skipped":
        return t(_NOT_NEEDED.get(why, Text(why, why)))
    if one.state == "sent":
        read = t("，已读 {at}", ", read {at}", at=moment(one.read_at)) if one.read_at else ""
        return t("已发出", "Sent") + read
    if why:
        return t(
            "第 {n} 次没发成（{why}），{at} 再试",
            "Try {n} failed ({why}); again at {at}",
            n=one.attempts,
            why=why,
            at=moment(one.run_at),
        )
    return t("{at} 发出", "leaves at {at}", at=moment(one.run_at))
