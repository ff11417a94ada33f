"""Who sent a file: from its titles, its name, its sheets, and where its lines live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from wishes.intake.understanding.places import Places
from wishes.intake.understanding.text import tight

_SCHOOL = re.compile(r"小学|中学|学校|幼儿园|教学点|初中|高中|职高|附小|附中")
_OFFICE = re.compile(r"残联|妇联|民政局|教育局|团委|团县委|团区委|红十字|关工委|慈善|总工会")
_SENTENCE = re.compile("同意|签[字名订署]|授权|[。;；]")
_BEFORE_REMARK = re.compile("[(（,，。;；]")
_UNIT = re.compile(r"(?:填报|报送|推荐|征集|上报|填表)?单位(?:\(盖章\)|（盖章）)?[:：]\s*([^\s,，;；]{2,30})")


@dataclass(slots=True)
class Sender:
    kind: str = ""
    name: str = ""
    county: str | None = None
    town: str | None = None
    village: str | None = None
    of_units: bool = False
    """Whether only the schools or units that the lines name tell the township."""
    old_district: bool = False


def find_sender(
    titles: Iterable[str],
    file: str,
    sheets: Iterable[str],
    units: Iterable[str],
    addresses: Iterable[str],
    places: Places,
) -> Sender:
    """Gather the hints in order of weight; the first that names a township wins, one that names only a county narrows the rest."""
    titles = list(titles)
    stem = re.sub(r"\.[A-Za-z]{3,4}$", "", file)
    joined = tight(" ".join([*titles, stem]))
    unit = next((m[1] for t in titles if (m := _UNIT.search(t))), "")
    sender = Sender(name=unit)
    if _SCHOOL.search(unit or joined):
        sender.kind = "school"
    elif _OFFICE.search(unit or joined) or _OFFICE.search(joined):
        sender.kind = "county"
    hints = [*titles, stem, *sheets]
    told_by_sender = len(hints)
    if sender.kind != "county":
        counted = Counter(units)
        hints += [u for u, times in counted.most_common(3) if 2 * times >= counted.total()]
    for at, hint in enumerate(hints):
        # 经村委会同意 does not name the township of 会同; what stands before a bracket that tells of consent is a title.
        told = _BEFORE_REMARK.split(hint, maxsplit=1)[0] if _SENTENCE.search(hint) else hint
        county, town, old = places.mentioned(told, shortened=_SENTENCE.search(told) is None)
        if county is None and told != hint:
            county, town, old = places.mentioned(hint, shortened=False)
        if town is not None and (
            sender.county is None or places.county_of(town) == sender.county or old or sender.old_district
        ):
            sender.county, sender.town, sender.old_district = county, town, old or sender.old_district
            sender.of_units = at >= told_by_sender
            break
        if county is not None and sender.county is None:
            sender.county, sender.old_district = county, old
    if sender.town is None and sender.kind != "county" and sender.county is not None:
        # A title may name a township of which there are several, and the file's name the county.
        named = (places.mentioned(hint, within=sender.county)[1] for hint in hints)
        sender.town = next((town for town in named if town and places.county_of(town) == sender.county), None)
    if sender.town is None and sender.kind != "county":
        votes: Counter[str] = Counter()
        seen = 0
        for address in addresses:
            seen += 1
            found = places.read(address, county=sender.county)
            if found.town is not None and found.confidence > 0.5:  # a name of several places says nothing
                votes[found.town] += 1
        if votes:
            town, count = votes.most_common(1)[0]
            if count >= 0.6 * sum(votes.values()) and (count >= 3 or seen <= 4):
                sender.town, sender.county = town, places.county_of(town)
    if sender.town is not None and sender.kind in ("", "town"):
        villages = {village for hint in hints if (village := places.village_of_sender(hint, sender.town)) is not None}
        sender.village = villages.pop() if len(villages) == 1 else None
    if not sender.kind:
        sender.kind = "town" if sender.town else "county" if sender.county else ""
    return sender
