"""From an address as people write it to official codes, also across a redrawing of districts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wishes.intake.understanding.text import tight

STRANGE = "township that is not listed"
SEVERAL = "several places of this name"
"""How a place was read that cannot be told from its namesakes."""

_OPENING = re.compile(r"^[(（]?(?:户籍|现住|现居住?|住址|地址|家住)[:：)）]?")
_ELSEWHERE = ("外省", "外市", "外地(", "省外", "市外")
_EDGES = re.compile(r"^[,，、:：\-/]+|[。.,，、]+$")
_INSIDE = re.compile(r"[(（].*?[)）]")
_PROVINCE_TAIL = re.compile(r"^(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区)?")
_COUNTY = re.compile(r"^([\u4e00-\u9fff]{1,7}?(?:自治县|县|区|市))")
_NOT_A_COUNTY = re.compile(
    r"(?:新区|开发区|园区|小区|社区|景区|校区|片区|厂区|城区|街区|农区|山区|市区|度假区|集聚区|功能区|示范区|库区|矿区|林区|工业区|住宅区|生活区|东区|西区|南区|北区|中区|A区|B区|C区)$"
)
_TOWN_TAIL = re.compile(r"(?:街道|民族乡|镇|乡|民族苏木|苏木|办事处)$")
_COUNTY_TAIL = re.compile(r"(?:自治县|自治旗|林区|特区|县|区|市|旗)$")
_CITY_TAIL = re.compile(r"(?:自治州|地区|市|州|盟)$")
_PARTED = re.compile(r"[\u4e00-\u9fff]{2,8}[\-－—/·,>][\u4e00-\u9fff]{2,8}(?:[\-－—/·,>]|$)")
_BETWEEN = re.compile(r"[\-－—/·,>]")
_NATIONS = re.compile(
    "(?:各族|(?:蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米"
    "|塔吉克|乌孜别克|俄罗斯|鄂温克|德昂|保安|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|高山|[回藏苗彝壮满侗瑶白傣黎佤畲水土羌怒京裕])族)+$"
)
"""What people leave out of 威宁彝族回族苗族自治县 and 千溪彝族苗族白族乡."""
_NUMBERED = re.compile(
    r"(?:第?[\d〇零一二三四五六七八九十百]+[\-－—]?\d*(?:村民小组|小组|组|号|幢|栋|室|单元|弄|队|排|层|楼|座|户|社(?!区)|#)|[\d\-]+$).*$"
)
_VILLAGE = re.compile(r"^(.{1,20}?(?:社区居委会|居委会|村委会|社区|村))")
_PART_OF_NAME = re.compile(r"村|社区|路|街|小区|新村|花园|巷|弄|大道|公寓|\d|$")
_STREETS = ("路", "街", "巷", "大道", "胡同", "政府", "小学", "中学", "学校", "幼儿园", "中心校", "福利院", "敬老院")
"""Ends of what is no village."""
_STRANGE_TOWN = re.compile("[\u4e00-\u9fff]{2,4}?(?:镇|乡|街道)(?![村社中小路街上下东西南北口])(?=[\u4e00-\u9fff]|$)")
_ZONE = re.compile("^[\u4e00-\u9fff]{2,6}?(?:新区|开发区|经开区|高新区|高新技术产业园区|产业园区|管理区|管委会)")
_A_CITY_OR_COUNTY = re.compile(
    "[\u4e00-\u9fff]{2,4}(?:市|州|地区|盟)[\u4e00-\u9fff]|[\u4e00-\u9fff]{2,3}[县区][\u4e00-\u9fff]"
)
_SOME_TOWN = re.compile("[\u4e00-\u9fff]{1,6}(?:镇|乡|街道)")
_NO_COUNTY_BEFORE = re.compile("村|社区|场|路|街|口|里|头|桥")
_LONGER_VILLAGE = re.compile("村委会村|社区|村委会|居委会|村(?!民)")
_SECOND_VILLAGE = re.compile("[\u4e00-\u9fff]{1,2}(?:村|社区)(?![\u4e00-\u9fff])")
_OF_A_VILLAGE = re.compile(
    r"((?:(?![各每全本该请等有几])[\u4e00-\u9fff]){2,6}?(?:社区|村))(?!小学|中学|完小|学校|幼儿|教学|[镇乡街级组民庄小等及和、]|委员会|\d)"
)
_HAMLET = re.compile(r"^(.{1,12}?(?:嘎查|屯|庄|寨|居))")


@dataclass(frozen=True, slots=True)
class Township:
    code: str
    name: str
    county_code: str
    former_county: str = ""


class Address(NamedTuple):
    """What an address says. Codes are None where it says nothing or cannot be told."""

    county: str | None = None
    town: str | None = None
    village: str | None = None
    outside: bool = False
    old_district: bool = False
    how: str = "written"
    confidence: float = 1.0


def _short_county_name(name: str) -> str:
    return _NATIONS.sub("", _COUNTY_TAIL.sub("", name)) or name


def _short_town_name(name: str) -> str:
    bare = _TOWN_TAIL.sub("", name)
    return _NATIONS.sub("", bare) or bare


class Places:
    """The city's counties and townships by name. Build with :meth:`from_rows` from the rows of ``places.csv``."""

    def __init__(
        self,
        *,
        city_code: str,
        city: str,
        counties: Mapping[str, str],
        townships: Iterable[Township],
        provinces: Mapping[str, str],
    ) -> None:
        self.city_code, self.city = city_code, city
        self.counties = dict(counties)
        self.townships = {t.code: t for t in townships}
        self._provinces, self._province_names = provinces, tuple(provinces)
        self._by_county_name: dict[str, str] = {}
        for code, name in ((code, tight(name)) for code, name in self.counties.items()):
            self._by_county_name[name] = code
            short = _short_county_name(name)
            if len(short) >= 2:
                for tail in ("县", "区", "市", "自治县") if name.endswith("自治县") else ("县", "区", "市"):
                    self._by_county_name.setdefault(short + tail, code)
        self._county_pattern = self._alternation(self._by_county_name)
        self._county_shorts = {
            _short_county_name(tight(name)): code for code, name in self.counties.items() if len(name) > 2
        }
        bare_city = _NATIONS.sub("", _CITY_TAIL.sub("", city)) or city
        self._city_names = tuple(dict.fromkeys((city, *([bare_city + "州"] if city.endswith("州") else []))))
        self._short_city = bare_city
        self._short_names = tuple(self._county_shorts)
        self._towns_by_name: dict[str, list[Township]] = {}
        self._former: dict[str, list[Township]] = {}
        for town in self.townships.values():
            self._towns_by_name.setdefault(tight(town.name), []).append(town)
            if town.former_county:
                self._former.setdefault(tight(town.former_county), []).append(town)
        shorts: dict[str, list[Township]] = {}
        for name, towns in self._towns_by_name.items():
            bare = _short_town_name(name)
            if len(bare) >= 2:
                shorts.setdefault(bare, []).extend(towns)
        self._without_nations()
        self._town_pattern = self._alternation(self._towns_by_name)
        self._towns_by_short = shorts
        self._short_pattern = self._alternation(shorts)
        self._former_style = re.compile(
            f"({self._short_pattern.pattern})(?:[\u4e00-\u9fff]{{1,4}}族){{0,3}}(?:街道办事处|街道办|街道|镇|乡)"
        )
        others = "|".join(name for name, code in provinces.items() if code != city_code[:2]) or "(?!)"
        self._away = re.compile(f"(?:[在到去住租]|随.{{0,6}})(?:{others})|^(?:{others})(?!.*[村社乡镇])|^同户籍")
        """现随父母在广东, 湖南长沙: perhaps elsewhere."""
        self._cache: dict[tuple[str, str | None, str | None], Address] = {}

    def _without_nations(self) -> None:
        """千溪彝族苗族白族乡 is written 千溪乡 and 千溪民族乡, too."""
        for name, towns in list(self._towns_by_name.items()):
            bare, tail = _short_town_name(name), _TOWN_TAIL.search(name)
            if tail is None or bare + tail[0] == name or len(bare) < 2:
                continue
            for other in (bare + tail[0], bare + "民族乡") if tail[0] == "乡" else (bare + tail[0],):
                self._towns_by_name.setdefault(other, []).extend(towns)

    @staticmethod
    def _alternation(names: Iterable[str]) -> re.Pattern[str]:
        ordered = sorted(names, key=lambda n: (-len(n), n))
        return re.compile("|".join(map(re.escape, ordered)) or "(?!)")

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]], provinces: Mapping[str, str]) -> Places:
        """Build from rows with ``code, name, level, county_code, former_county`` (level city, county or town)."""
        city_code = city = ""
        counties: dict[str, str] = {}
        towns = []
        for row in rows:
            if row["level"] == "city":
                city_code, city = row["code"], row["name"]
            elif row["level"] == "county":
                counties[row["code"]] = row["name"]
            else:
                towns.append(Township(row["code"], row["name"], row["county_code"], row.get("former_county") or ""))
        return cls(city_code=city_code, city=city, counties=counties, townships=towns, provinces=provinces)

    # ── whole addresses ──────────────────────────────────────────────────────────────────────────────────────

    def read(self, text: str, *, county: str | None = None, town: str | None = None) -> Address:
        """Read an address. ``county`` and ``town`` are the sender's, used only to tell places of one name apart."""
        key = (text, county, town)
        if (known := self._cache.get(key)) is None:
            known = self._cache[key] = self._read(tight(text), county, town)
        return known

    def _read(self, text: str, county: str | None, town: str | None) -> Address:
        text = _OPENING.sub("", text)
        if self._is_parted(text):
            text = self._joined(text)
        if not text or text in ("无", "/", "-", "—", "不详", "同上"):
            return Address(how="empty")
        if text.startswith(_ELSEWHERE):
            return Address(outside=True, how="elsewhere")
        rest, outside = self._without_province(text)
        if outside:
            return Address(outside=True, village=None, how="another province")
        named_county, old, rest, outside = self._county(rest)
        if outside and self._town_in(rest, None) is None:
            return Address(outside=True, how="another city")
        found = self._town_in(rest, named_county or county, strict=named_county is not None and not old)
        if found is None:
            found = self._renamed(rest, named_county or county)
        if found is not None:
            place, start, end, confidence = found
            if start > 12 and place.code != town:
                confidence = 0.7
            wandered = named_county is not None and place.county_code != named_county
            was_old = old is not None or (wandered and bool(place.former_county))
            return Address(
                place.county_code, place.code, self._village(rest[end:]), False, was_old, "written", confidence
            )
        if old is not None:
            return self._old(old, rest, town)
        if named_county is not None:
            return Address(named_county, None, self._village(rest), how="county only")
        if (strange := _STRANGE_TOWN.match(rest := _ZONE.sub("", rest))) is not None:
            return Address(None, None, self._village(rest[strange.end() :]), how=STRANGE, confidence=0.5)
        if text.startswith(self._short_city) and (told := self.mentioned(text))[0] is not None:
            return Address(told[0], told[1], None, how="in short", confidence=0.9)  # 北河东禾白沙
        if self._away.search(rest) is not None:
            return Address(None, None, None, how=STRANGE, confidence=0.5)
        return Address(None, None, self._village(rest), how="village only")

    def _is_parted(self, text: str) -> bool:
        """Whether province, city and county stand apart, as forms on the web tell them: 江西-赣州-于都县."""
        return text.startswith(self._province_names) and _PARTED.match(text) is not None

    @staticmethod
    def _joined(text: str) -> str:
        """江西省赣州市于都县… for 江西-赣州-于都县-…"""
        province, city, *rest = [part for part in _BETWEEN.split(text) if part]
        province += "" if province.endswith(("省", "市", "区")) else "省"
        city += "" if _CITY_TAIL.search(city) or city.endswith(("区", "县")) else "市"
        return "".join([province, city, *rest])

    def _without_province(self, text: str) -> tuple[str, bool]:
        if not text.startswith(self._province_names):
            return text, False
        for name, code in self._provinces.items():
            if not text.startswith(name):
                continue
            tail = text[len(name) :]
            suffix = _PROVINCE_TAIL.match(tail)
            stated = bool(suffix and suffix[0])
            if code == self.city_code[:2]:
                return tail[len(suffix[0]) if suffix else 0 :], False
            # 江西俞村 is a village; 江西省… or 江西赣州市… is another province.
            if stated or _A_CITY_OR_COUNTY.match(tail):
                return tail, True
        return text, False

    def _county(self, text: str) -> tuple[str | None, str | None, str, bool]:
        """(county code, former county's name, what follows, whether another city is named)."""
        whole = next((name for name in self._city_names if text.startswith(name)), None)
        if whole is not None:
            text = text[len(whole) :]
        elif text.startswith(self._short_city):
            rest = text[len(self._short_city) :]
            if _COUNTY.match(rest) or self._short_county(rest) is not None:
                text = rest
        if (short := self._short_county(text)) is not None:
            return short[0], None, short[1], False
        for _ in range(2):
            if (county := self._county_pattern.match(text)) is not None:
                return self._by_county_name[county[0]], None, text[county.end() :], False
            for name in self._former:
                if text.startswith(name):
                    return None, name, text[len(name) :], False
            named = _COUNTY.match(text)
            if named is None or _NOT_A_COUNTY.search(named[1]) or len(named[1]) < 2:
                return None, None, text, False
            if self._town_pattern.match(text) or (named[1].endswith("区") and len(named[1]) > 4):
                return None, None, text, False
            if named[1].startswith(("市", "县", "区")):
                return None, None, text, False
            following = text[len(named[1]) :]
            if named[1].endswith(("市", "县")) or _SOME_TOWN.match(following):
                if _NO_COUNTY_BEFORE.match(following):
                    return None, None, text, False
                return None, None, following, True
            return None, None, text, False
        return None, None, text, False

    def _short_county(self, text: str) -> tuple[str, str] | None:
        """东禾白沙… and 东禾白沙镇…: a county without its last character, and one of its townships behind it."""
        if not text.startswith(self._short_names):
            return None
        for short, code in self._county_shorts.items():
            if not text.startswith(short):
                continue
            rest = text[len(short) :]
            whole, bare = self._town_pattern.match(rest), self._short_pattern.match(rest)
            if whole is not None and any(t.county_code == code for t in self._towns_by_name[whole[0]]):
                return code, rest
            if bare is None or _PART_OF_NAME.match(rest[bare.end() :]):
                continue
            inside = [t for t in self._towns_by_short[bare[0]] if t.county_code == code]
            if len(inside) == 1 and len(rest) > bare.end():
                return code, tight(inside[0].name) + rest[bare.end() :]
        return None

    def _renamed(self, text: str, county: str | None) -> tuple[Township, int, int, float] | None:
        """石桥乡 where today there is only 石桥镇; without a county only where the text begins so."""
        for match in self._former_style.finditer(text):
            inside = [t for t in self._towns_by_short[match[1]] if county is None or t.county_code == county]
            if len(inside) == 1 and (county is not None or match.start() == 0):
                return inside[0], match.start(), match.end(), 0.8
        return None

    def _town_in(
        self, text: str, county: str | None, *, strict: bool = False
    ) -> tuple[Township, int, int, float] | None:
        for match in self._town_pattern.finditer(text):
            candidates = self._towns_by_name[match[0]]
            inside = [t for t in candidates if t.county_code == county]
            if inside:
                return inside[0], match.start(), match.end(), 1.0
            former = [t for t in candidates if t.former_county and t.former_county == self.counties.get(county or "")]
            if former:
                return former[0], match.start(), match.end(), 1.0
            if len(candidates) == 1:
                return candidates[0], match.start(), match.end(), 0.9 if strict else 1.0
            return candidates[0], match.start(), match.end(), 0.5
        return None

    def _old(self, former: str, rest: str, town: str | None) -> Address:
        """An address that names a dissolved district but no township of it."""
        heirs = {t.county_code for t in self._former[former]}
        if former in self.counties.values():
            heirs |= {code for code, name in self.counties.items() if name == former}
        if town in self.townships and self.townships[town].former_county == former:
            place = self.townships[town]
            return Address(place.county_code, None, self._village(rest), False, True, "old district")
        if len(heirs) == 1:
            return Address(heirs.pop(), None, self._village(rest), False, True, "old district")
        return Address(None, None, self._village(rest), False, True, "old district of several heirs", 0.6)

    @staticmethod
    def _village(text: str) -> str | None:
        text = _INSIDE.sub("", _EDGES.sub("", text))
        match = _VILLAGE.match(text)
        if match is not None:
            name = match[1]
            tail = text[len(name) :]
            # 毕公桥社区, 沈冠村村委会村, and 黄村桥村, whose first 村 is not its last
            longer = _LONGER_VILLAGE.match(tail) or (_SECOND_VILLAGE.match(tail) if len(name) <= 2 else None)
            return name + (longer[0] if longer else "")
        text = _NUMBERED.sub("", text)
        if (match := _HAMLET.match(text)) is not None:
            return match[1]
        return text if 0 < len(text) <= 12 and not text.endswith(_STREETS) else None

    def read_village(self, text: str) -> str | None:
        """A village's name from a cell or section heading that holds nothing else."""
        return self._village(tight(text))

    # ── the sender ───────────────────────────────────────────────────────────────────────────────────────────

    def mentioned(
        self, text: str, *, within: str | None = None, shortened: bool = True
    ) -> tuple[str | None, str | None, bool]:
        """(county, township, old district) that a title, file name or school name points to; township names may lack 镇 or 街道.
        ``within`` is the county where the text names none; without ``shortened`` names count only when whole."""
        text = tight(text)
        county = None
        old = False
        position = len(text)
        for name, code in self._by_county_name.items():
            at = text.find(name)
            if 0 <= at < position:
                county, position = code, at
        former = next((name for name in self._former if name in text and name not in self._by_county_name), None)
        old = former is not None
        if county is None:
            county = within
        found = self._town_in(text, county)
        if found is not None and found[3] <= 0.5 and county is None:
            # 龙场镇汇总（纳雍）: a county without its last character tells which.
            county = next((code for short, code in self._county_shorts.items() if short in text), None)
            found = self._town_in(text, county)
        if found is not None:
            place = found[0]
            if found[3] > 0.5 or county is not None:
                return place.county_code, place.code, old or (county is not None and place.county_code != county)
        for match in self._short_pattern.finditer(text) if shortened else ():
            if text[match.start() : match.end() + 1] in self._by_county_name:
                continue  # 西湖区 does not name 西湖街道
            candidates = self._towns_by_short[match[0]]
            inside = [
                t
                for t in candidates
                if county is None or t.county_code == county or t.former_county == self.counties.get(county)
            ]
            if len(inside) == 1:
                return inside[0].county_code, inside[0].code, old
        if county is None and shortened:
            for short, code in self._county_shorts.items():
                if short in text:
                    county = code
                    break
        return county, None, old

    def village_of_sender(self, text: str, town: str) -> str | None:
        """The one village that a title or file name is about: 沙坪镇洁源村儿童之家, 长坑村心愿. None where it tells of several,
        or of a school that bears a village's name."""
        text = tight(text)
        at = text.find(tight(self.townships[town].name))
        rest = text[at + len(self.townships[town].name) :] if at >= 0 else text
        found = _OF_A_VILLAGE.match(rest)
        if found is None or self._town_pattern.search(found[1]) or found[1] in self._by_county_name:
            return None
        return found[1]

    def county_named(self, text: str) -> str | None:
        """The county a cell names that holds nothing else, with or without its last character."""
        return self._county_shorts.get(tight(text)) or self.read(text).county

    def county_of(self, town: str) -> str | None:
        place = self.townships.get(town)
        return place.county_code if place else None
