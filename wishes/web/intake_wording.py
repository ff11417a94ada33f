"""Words of the intake pages: columns, fields, how to mend a problem."""

from __future__ import annotations

from collections.abc import Mapping

from wishes.i18n import Text

ROLE: Mapping[str, Text] = {
    "serial": Text("序号", "Number"),
    "name": Text("孩子姓名", "Child's name"),
    "sex": Text("性别", "Sex"),
    "birth": Text("出生日期", "Birth date"),
    "birth_month": Text("出生月", "Month of birth"),
    "birth_day": Text("出生日", "Day of birth"),
    "age": Text("年龄", "Age"),
    "id": Text("身份证号（不保存）", "ID number (not kept)"),
    "ethnicity": Text("民族（不用）", "Ethnicity (unused)"),
    "address": Text("住址", "Address"),
    "other_address": Text("户籍或收货地址", "Registered or mailing address"),
    "village": Text("村、社区", "Village"),
    "town": Text("乡镇街道", "Township"),
    "county": Text("区县", "District"),
    "school": Text("学校", "School"),
    "class": Text("年级班级", "Class"),
    "teacher": Text("老师", "Teacher"),
    "teacher_phone": Text("老师电话", "Teacher's phone"),
    "guardian": Text("监护人", "Guardian"),
    "parent": Text("父亲或母亲", "Father or mother"),
    "parent_phone": Text("父母电话", "Parent's phone"),
    "relation": Text("关系", "Relation"),
    "phone": Text("监护人电话", "Guardian's phone"),
    "types": Text("困境类型", "Type of need"),
    "flag_orphan": Text("是否孤儿", "Orphan: yes or no"),
    "flag_unattended": Text("是否事实无人抚养", "Unattended: yes or no"),
    "flag_poor": Text("是否困难家庭", "Poor: yes or no"),
    "flag_disabled": Text("是否残疾", "Disabled: yes or no"),
    "flag_left_behind": Text("是否留守", "Left behind: yes or no"),
    "flag_other": Text("是否其他困境", "Other need: yes or no"),
    "wish": Text("心愿", "Wish"),
    "wish_category": Text("心愿类别", "Category of the wish"),
    "size": Text("尺码规格", "Size"),
    "color": Text("颜色款式", "Colour, model"),
    "qty": Text("数量", "Quantity"),
    "unit": Text("单位", "Unit"),
    "price": Text("价格", "Price"),
    "link": Text("链接", "Link"),
    "reason": Text("理由、故事", "Reason, story"),
    "consent": Text("监护人同意", "Guardian's consent"),
    "visit": Text("走访日期", "Visited on"),
    "recno": Text("备案号", "Record number"),
    "unit_name": Text("填报单位", "Sending office"),
    "claimer": Text("认领方（不用）", "Taker (unused)"),
    "remark": Text("备注", "Remark"),
    "health": Text("健康等（不用）", "Health etc. (unused)"),
    "group": Text("分组标题", "Group heading"),
}
"""What a column holds."""

FIELD: Mapping[str, Text] = {
    "child": Text("孩子姓名", "Child's name"),
    "gender": Text("性别", "Sex"),
    "birth": Text("出生日期", "Birth date"),
    "age": Text("年龄", "Age"),
    "county": Text("区县", "District"),
    "town": Text("乡镇街道", "Township"),
    "village": Text("村、社区", "Village"),
    "guardian": Text("监护人", "Guardian"),
    "relation": Text("与孩子关系", "Relation"),
    "phone": Text("电话", "Phone"),
    "types": Text("困境类型", "Type of need"),
    "item": Text("物品", "Thing"),
    "category": Text("类别", "Category"),
    "need": Text("对志愿者的要求", "Asked of the volunteer"),
    "size_kind": Text("尺码种类", "Kind of size"),
    "size": Text("尺码", "Size"),
    "qty": Text("数量", "Quantity"),
    "price_low": Text("最低价（元）", "Lowest price (yuan)"),
    "price_high": Text("最高价（元）", "Highest price (yuan)"),
    "consent": Text("监护人同意", "Guardian's consent"),
    "school": Text("学校", "School"),
    "visit": Text("走访日期", "Visited on"),
    "recno": Text("备案号", "Record number"),
}
"""A value of an entry."""

TYPE: Mapping[str, Text] = {
    "orphan": Text("孤儿", "orphan"),
    "unattended": Text("事实无人抚养", "de facto unattended"),
    "poor": Text("困难家庭", "poor family"),
    "disabled": Text("残疾", "disabled"),
    "left_behind": Text("留守", "left behind"),
    "other": Text("其他困境", "other need"),
}

CONSENT: Mapping[str, Text] = {
    "yes": Text("有", "given"),
    "batch": Text("发件单位统一说明", "stated by the sender for all"),
    "no": Text("没有记录", "not recorded"),
}

SIZE_KIND: Mapping[str, Text] = {
    "shoe": Text("鞋码", "shoe size"),
    "height": Text("身高 cm", "height in cm"),
    "inch": Text("寸", "inches"),
}

MEND: Mapping[str, Text] = {
    "missing_wish": Text("请写明想要什么", "Say what is wished for"),
    "missing_name": Text("请补填姓名", "Add the name"),
    "over_ceiling": Text("请换一个便宜些的，或注明愿意拼单", "Choose a cheaper one, or pool it"),
    "age_out_of_range": Text("请核对出生日期", "Check the birth date"),
    "no_consent": Text(
        "请取得监护人书面同意后填“有”，或电话确认并注明日期", "Obtain the guardian's consent, or confirm by phone"
    ),
    "unsafe_item": Text("请换一个安全的物品", "Choose a safe thing"),
    "cash_wish": Text("不能是现金，请换成实物", "Not money: name a thing"),
    "out_of_area": Text("请核对地址", "Check the address"),
    "item_unknown": Text("请写得具体些", "Say it more plainly"),
    "item_unsure": Text("请确认是否安全", "Confirm that it is safe"),
    "item_either": Text("请只留一样", "Keep one of them"),
    "price_unreadable": Text("请只填数字", "Give figures only"),
    "consent_unreadable": Text("请填“有”或“无”", "Write 有 or 无"),
    "age_unsure": Text("请填出生日期", "Give the birth date"),
    "place_unsure": Text("请写全区县和乡镇", "Name district and township"),
    "wish_cut_unsure": Text("请把几个心愿分开写，中间用分号", "Separate the wishes by semicolons"),
    "phone_missing": Text("请补填 11 位手机号", "Add the phone number"),
    "phone_invalid": Text("手机号应为 11 位，请核对", "A mobile number has eleven digits"),
    "birth_missing": Text("请补填出生日期", "Add the birth date"),
    "birth_ambiguous": Text("请写清年月日，如 2013-01-05", "Write the date like 2013-01-05"),
    "birth_lunar": Text("请填公历生日", "Give the date of the common calendar"),
    "price_missing": Text("请填大致价格", "Give a rough price"),
    "price_total_only": Text("请填单价", "Give the price of one"),
    "maybe_duplicate": Text("可能与另一行是同一个孩子，请核对", "Perhaps the same child as in another line"),
    "original_rejected": Text("它所重复的那一条没有通过，请单独判断", "What it repeats was refused: decide on its own"),
}
"""What the sender can do about a problem."""

WAY: Mapping[str, Text] = {
    "phone": Text("打电话问过", "asked by phone"),
    "paper": Text("看到了签字的同意书", "saw the signed form"),
    "visit": Text("上门问过", "asked at a visit"),
}
"""How a consent was confirmed."""

RELATION: Mapping[str, Text] = {
    "父亲": Text("父亲", "father"),
    "母亲": Text("母亲", "mother"),
    "爷爷": Text("爷爷", "father's father"),
    "奶奶": Text("奶奶", "father's mother"),
    "外公": Text("外公", "mother's father"),
    "外婆": Text("外婆", "mother's mother"),
    "其他亲属": Text("其他亲属", "another relative"),
    "机构": Text("机构", "an institution"),
}
"""Who looks after a child."""

WITHOUT_COMMUNITY = Text(
    "您的账号还没有社区，不能在这里登记。请管理员给您的账号加上社区；在那之前，可以上传表格，由协调员指定社区。",
    "Your account has no community yet, so nothing can be entered here. Ask an administrator to give it one; "
    "until then you can upload a table, and a coordinator says which community it is from.",
)
