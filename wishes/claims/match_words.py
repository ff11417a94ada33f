"""The engine's numbers as sentences, in both languages: why this taker, why nobody, where one more helps most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wishes.i18n import Text

CRITERION: dict[str, Text] = {
    "distance": Text("距离", "Distance"),
    "category": Text("类别偏好", "Preferred category"),
    "pledge_left": Text("承诺余量", "Pledge left"),
    "need": Text("孩子的需要", "The child's need"),
    "reliability": Text("守约", "Reliability"),
    "fairness": Text("分工均衡", "Even shares"),
    "variety": Text("种类多样", "Variety"),
    "pairing": Text("结对社区", "Same community"),
    "freshness": Text("近期少打扰", "Not asked lately"),
    "together": Text("兄弟姐妹在一起", "Siblings together"),
}
MEANING: dict[str, Text] = {
    "distance": Text("越近越好；40 公里处算一半", "Nearer is better; 40 km counts half"),
    "category": Text("支部登记的偏好类别优先", "Categories the branch asked for go first"),
    "pledge_left": Text("承诺还剩得多的优先", "Whoever has most of the pledge left goes first"),
    "need": Text("孤儿、残疾、困难、等得久的先安排", "Orphans, disabled, poor, long waiting go first"),
    "reliability": Text("认领后逾期过的靠后", "Those who let claims lapse come later"),
    "fairness": Text("各家按承诺比例分担", "All use a like share of their pledges"),
    "variety": Text("不总给同一家同一种", "Not always the same kind to the same taker"),
    "pairing": Text("以前帮过这个社区的优先", "Whoever served this community before goes first"),
    "freshness": Text("刚派过单的先歇一歇", "Who was asked just now rests"),
    "together": Text("同一家庭的心愿尽量给同一家", "Wishes of one household go to one taker"),
}
_ABLE: dict[str, Text] = {
    "none": Text("认领物品的支部或个人", "branches and people who buy"),
    "vetted": Text("经过核查的志愿者", "vetted volunteers"),
    "psych": Text("有资质的心理志愿者", "vetted counsellors"),
}
_ABLE_ONE: dict[str, str] = {"none": "person who buys", "vetted": "vetted volunteer", "psych": "vetted counsellor"}
_WISHES: dict[str, Text] = {
    "none": Text("物品心愿", "goods wishes"),
    "vetted": Text("陪伴或体验心愿", "wishes for company or outings"),
    "psych": Text("心理支持心愿", "counselling wishes"),
}
_ONE: dict[str, Text] = {
    "none": Text("物品心愿", "goods wish"),
    "vetted": Text("陪伴或体验心愿", "wish for company or an outing"),
    "psych": Text("心理支持心愿", "counselling wish"),
}
_REASON: dict[str, Text] = {
    "need": Text("项目里没有{able}", "the campaign has no {able}"),
    "area": Text("没有{able}愿意去那里", "none of the {able} go there"),
    "refused": Text("能去的都不接这一类", "those who go there refuse this kind"),
    "room": Text("{able}的承诺都已用完", "all {able} have used up what they pledged"),
    "said_no": Text("能承担的都已婉拒或退回过", "all who could take it declined it or gave it back"),
    "price": Text("价格超过任何一家剩余的预算", "it costs more than any budget has left"),
    "count": Text("全部 {n} 位{able}都已派满", "all {n} {able} have their hands full"),
    "budget": Text("还有名额，但预算都用完了", "there are places, but the budgets are used up"),
    "dear": Text("剩下的都不合适，勉强派去不如再等等", "those left suit so badly that waiting is better"),
    "other": Text("余量给了更合适的心愿", "the room is better used for other wishes"),
}
"""``able`` is who could take such wishes, ``n`` how many of them there are."""


@dataclass(frozen=True)
class Names:
    """What codes and ids are called. ``category`` maps to both languages."""

    counties: Mapping[str, str] = field(default_factory=dict)
    branches: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[int, str] = field(default_factory=dict)

    def taker(self, branch_id: int | None, volunteer_id: int | None) -> str:
        if volunteer_id is not None:
            return self.people.get(volunteer_id, f"#{volunteer_id}")
        return self.branches.get(branch_id or 0, f"#{branch_id}")

    def county(self, code: str) -> str:
        return self.counties.get(code, code)


def why(told: Mapping[str, Any], names: Names) -> list[Text]:
    """Why this taker, from the numbers kept with a proposal: what it costs, and who would have been next."""
    if "points" not in told:
        return []
    points: Mapping[str, float] = told["points"]
    heaviest = sorted(((value, name) for name, value in points.items() if value >= 0.05), reverse=True)[:3]
    good = [name for name in ("category", "pairing", "reliability") if points.get(name) == 0.0]
    found = [Text("距离 {km} 公里", "{km} km away")]
    facts: dict[str, Any] = {"km": _number(told["km"])}
    if "category" in good:
        found.append(Text("是其偏好的类别", "a category they asked for"))
    if "pairing" in good:
        found.append(Text("以前帮助过这个社区", "served this community before"))
    lines = [_filled(Text("，".join(t.zh for t in found) + "。", _sentence("; ".join(t.en for t in found))), facts)]
    if heaviest:
        zh = "、".join(f"{CRITERION[name].zh} {_number(value)}" for value, name in heaviest)
        en = ", ".join(f"{CRITERION[name].en.lower()} {_number(value)}" for value, name in heaviest)
        total = _number(round(sum(points.values()), 1))
        lines.append(Text(f"不合适程度共 {total} 分：{zh}。", f"{total} points of discomfort in all: {en}."))
    lines.append(_next(told.get("next"), names))
    return lines


def _next(following: Mapping[str, Any] | None, names: Names) -> Text:
    if following is None:
        return Text("没有别人能承担。", "Nobody else could take it.")
    name = names.taker(following.get("branch_id"), following.get("volunteer_id"))
    more, km = _number(following["more"]), _number(following["km"])
    if following["more"] < 0.05:
        return Text(f"{name}（{km} 公里）同样合适。", f"{name} ({km} km) would have done as well.")
    return Text(
        f"其次是 {name}（{km} 公里）：改派给他们，全局至少多 {more} 分。",
        f"Next best: {name} ({km} km); with them the whole plan would be at least {more} points worse.",
    )


@dataclass(frozen=True)
class LeftTogether:
    """Wishes of one kind left for one reason: the sentence, and the districts with how many each, the most first."""

    words: Text
    count: int
    districts: tuple[Text, ...] = ()


def left_together(groups: Sequence[Mapping[str, Any]], names: Names) -> list[LeftTogether]:
    """Groups of the same need and reason as one, the largest first; a group that is alone in that is told as it is."""
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for group in groups:
        alike.setdefault((group["need"], group["reason"]), []).append(group)
    found = []
    for members in alike.values():
        count = sum(group["count"] for group in members)
        if len(members) == 1:
            found.append(LeftTogether(left(members[0], names), count))
            continue
        head = _lacking(members[0], count)
        told = sorted(members, key=lambda group: -group["count"])
        head = Text(f"{head.zh}（{len(members)} 个区县）。", f"{head.en} ({len(members)} districts).")
        found.append(
            LeftTogether(
                head,
                count,
                tuple(Text(*[f"{names.county(g['county'])} {g['count']}{near}" for near in _near(g)]) for g in told),
            )
        )
    return sorted(found, key=lambda one: -one.count)


def _near(group: Mapping[str, Any]) -> tuple[str, str]:
    """How many who are able are near, where that matters."""
    if group["need"] == "none" or group["nearest_km"] is None:
        return "", ""
    near = group["within_60_km"]
    return (f"（60 公里内 {near} 位）", f" ({near} within 60 km)")


def _lacking(group: Mapping[str, Any], count: int) -> Text:
    need, able, reason = group["need"], _ABLE[group["need"]], _REASON[group["reason"]]
    return Text(
        f"{count} 个{_WISHES[need].zh}没有着落，{reason.zh.format(able=able.zh, n=group['able'])}",
        f"{count} {(_ONE if count == 1 else _WISHES)[need].en} without a taker: {reason.en.format(able=able.en, n=group['able'])}",
    )


def left(group: Mapping[str, Any], names: Names) -> Text:
    """Why a group of wishes has no taker."""
    need = group["need"]
    place, lacking = names.county(group["county"]), _lacking(group, group["count"])
    zh, en = f"{place}：{lacking.zh}", f"{place}: {lacking.en}"
    if need != "none" and group["nearest_km"] is not None:
        if group["within_60_km"] == 0:
            zh += f"，60 公里内一位也没有（最近 {_number(group['nearest_km'])} 公里）"
            en += f", and none within 60 km (the nearest is {_number(group['nearest_km'])} km away)"
        else:
            zh += f"，其中 {group['within_60_km']} 位在 60 公里内"
            en += f", {group['within_60_km']} of them within 60 km"
    return Text(zh + "。", en + ".")


def advised(advice: Mapping[str, Any], names: Names) -> Text:
    """A piece of advice. Each was checked by solving again."""
    more, serves = advice["more"], advice["serves"]
    saves = _number(advice["saves"])
    if advice["kind"] == "people":
        need, place = advice["need"], names.county(advice["county"])
        head = Text(
            f"{place}再有 {more} 位{_ABLE[need].zh}",
            f"{more} more {_ABLE_ONE[need] if more == 1 else _ABLE[need].en} in {place}",
        )
    elif advice["kind"] == "places":
        name = names.taker(advice.get("branch_id"), advice.get("volunteer_id"))
        head = Text(f"{name}多承诺 {more} 个", f"{more} more places at {name}")
    else:
        name = names.taker(advice.get("branch_id"), advice.get("volunteer_id"))
        head = Text(f"{name}多出 {more // 100:,} 元", f"{more // 100:,} yuan more at {name}")
    if serves > 0:
        return Text(
            f"{head.zh}，可多满足 {serves} 个心愿。",
            f"{head.en}: {serves} more {'wish' if serves == 1 else 'wishes'} served.",
        )
    return Text(
        f"{head.zh}，虽不多满足心愿，但整体改善 {saves} 分。",
        f"{head.en}: no more wishes served, but the plan gets {saves} points better.",
    )


def both(texts: Sequence[Text]) -> list[dict[str, str]]:
    """For JSON."""
    return [{"zh": text.zh, "en": text.en} for text in texts]


def _filled(text: Text, facts: Mapping[str, Any]) -> Text:
    return Text(text.zh.format(**facts), text.en.format(**facts))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _number(value: float) -> str:
    """One decimal, and none where it is whole."""
    return f"{value:,.1f}".removesuffix(".0")
