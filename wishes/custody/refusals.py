"""What the warehouse refuses, and what to do instead with a thing that lies where it should not."""

from __future__ import annotations

from wishes.errors import Conflict
from wishes.i18n import Text
from wishes.lifecycle import Status


class NotHere(Conflict):
    code = "not_here"
    title = Text("现在不能放这里", "Not possible now")
    sentence = Text(
        "{code} 现在是“{status_zh}”，不能这样做。{action_zh}",
        "{code} is now “{status_en}”: that is not possible. {action_en}",
    )


class OtherVillage(Conflict):
    code = "other_village"
    title = Text("不是这个村的", "For another village")
    sentence = Text(
        "{code} 要送到别的村（社区），不能放进 {box} 号箱。", "{code} goes to another village: not into box {box}."
    )


class InOtherBox(Conflict):
    code = "in_other_box"
    title = Text("已在别的箱里", "In another box")
    sentence = Text(
        "{code} 已在 {box} 号箱。要换箱，请先从那里取出。", "{code} is in box {box}. Take it out there first."
    )


class SiblingElsewhere(Conflict):
    code = "sibling_elsewhere"
    title = Text("同一个孩子的东西放一起", "One child's things go together")
    sentence = Text(
        "这个孩子的另一件在 {box} 号箱，请放进同一箱；装不下时勾选“分开装”。",
        "Another thing of this child is in box {box}: put it there, or tick “apart” when it does not fit.",
    )


class ShipmentGone(Conflict):
    code = "shipment_gone"
    title = Text("批次已经出发", "The shipment has left")
    sentence = Text("{number} 号批次已经出发，不能再改。", "Shipment {number} has left; it cannot be changed any more.")


class NotReadyToLeave(Conflict):
    code = "not_ready_to_leave"
    title = Text("还不能出发", "Not ready to leave")
    sentence = Text(
        "箱里有 {n} 件不能出发，例如 {code}（{status_zh}）。请先取出，或完成查验。",
        "{n} things in the boxes cannot leave, such as {code} ({status_en}). Take them out, or have them looked over first.",
    )


class NumberTaken(Conflict):
    code = "number_taken"
    title = Text("请再试一次", "Please try again")
    sentence = Text("别人同时新建了一个，请再点一次。", "Somebody else made one in the same moment: please try again.")


NEXT: dict[Status, Text] = {
    Status.OPEN: Text(
        "没有人认领它：请放到储备区，告诉协调员。", "Nobody holds it: put it with the reserve and tell a coordinator."
    ),
    Status.CLAIMED: Text("请先登记“已买好”。", "Have it noted as bought first."),
    Status.READY: Text("请先由两人查验。", "Two people have to look it over first."),
    Status.IN_TRANSIT: Text("系统以为它在路上：请告诉协调员。", "It is thought to be on its way: tell a coordinator."),
    Status.DELIVERED: Text("系统以为它已送到：请告诉协调员。", "It is thought to be delivered: tell a coordinator."),
    Status.CANCELLED: Text("心愿已取消：请放到储备区。", "The wish was cancelled: put it with the reserve."),
}
"""What to do with a thing that lies where it should not."""
ASK = Text("请告诉协调员。", "Tell a coordinator.")
