"""What a scan is answered with, in words. A repeated scan is told the same, so the words need nothing but the code."""

from __future__ import annotations

from typing import Final

from wishes.errors import Conflict, Forbidden
from wishes.handover.tokens import TokenRefused
from wishes.i18n import Text


class OtherCampaign(TokenRefused):
    code = "other_campaign"
    sentence = Text(
        "这个包裹属于另一个项目。请打开那个项目再扫。",
        "This parcel belongs to another campaign. Open that one and scan again.",
    )


class RevokedDevice(Forbidden):
    code = "device_revoked"
    sentence = Text(
        "这台设备已被停用，不再接收它的扫码。请联系协调员。",
        "This device was switched off: its scans are no longer taken. Ask the coordinator.",
    )


class ReusedNonce(Conflict):
    code = "nonce_reused"
    sentence = Text(
        "这个扫码编号已用于另一次扫码。请重新扫一次。", "This scan's number was used for another scan. Scan again."
    )


_KEPT = Text(
    "记录已保存，协调员会处理，您不用再做什么。",
    "The record is kept and a coordinator will look at it; nothing more to do for you.",
)

SENTENCES: Final[dict[str, Text]] = {
    "accepted": Text("已登记，谢谢您！", "Recorded. Thank you!"),
    "already": Text("这个心愿已经送达，不用再确认。", "This wish was delivered before; nothing more to confirm."),
    "conflict": _KEPT,
    "refused": Text("没有登记成功。请联系协调员。", "Not recorded as handed over. Ask the coordinator."),
    "already_handed_over": Text(
        "另一台设备也登记了这个包裹的交接。两边的记录都已保存，协调员会核对。",
        "Another device has handed over this parcel, too. Both records are kept; a coordinator compares them.",
    ),
    "claim_ended": Text(
        "这个心愿已取消、退回或换人。您的记录已保存，协调员会联系您。",
        "This wish was cancelled, given back or taken by another. Your record is kept; a coordinator gets in touch.",
    ),
    "revoked_meanwhile": Text(
        "您扫码之后这张标签换新了。记录已保存，协调员会核对。",
        "This label was replaced after your scan. The record is kept; a coordinator looks at it.",
    ),
    "expired_meanwhile": Text(
        "这张标签在您扫码之后过期了。记录已保存，协调员会核对。",
        "This label ran out after your scan. The record is kept; a coordinator looks at it.",
    ),
    "device_revoked_meanwhile": Text(
        "这台设备在扫码之后被停用了。记录已保存，协调员会核对。",
        "This device was switched off after the scan. The record is kept; a coordinator looks at it.",
    ),
    "before_redo": Text(
        "这个心愿在您扫码之后已重新办理。记录已保存，协调员会核对。",
        "This wish was started over after your scan. The record is kept; a coordinator looks at it.",
    ),
    "not_possible_now": Text(
        "心愿现在的状态还不能确认送达。记录已保存，协调员会核对。",
        "As the wish stands it cannot be confirmed yet. The record is kept; a coordinator looks at it.",
    ),
    "checks_missing": Text(
        "这件东西没有经过仓库，也没有两个人当场查验的记录。您的记录已保存；请补填检查表，协调员会核对。",
        "This thing skipped the warehouse, and no two people looked it over on the spot. Your record is kept: fill in the "
        "checklist; a coordinator looks at it.",
    ),
    "time_in_future": Text(
        "手机报的交接时间还没到：扫码之后改过手机的时间，或时间没有校准。记录已保存，暂不算送达，协调员会核对。"
        "请把手机时间设为自动。",
        "By this phone it happened at a time still to come: its clock was changed after the scan, or is wrong. The record is "
        "kept but counts for nothing until a coordinator has looked at it. Let the phone set its time by itself.",
    ),
    "time_too_early": Text(
        "手机报的交接时间早于包裹可能出发的时间：扫码之后改过手机的时间，或时间没有校准。记录已保存，暂不算送达，"
        "协调员会核对。请把手机时间设为自动。",
        "By this phone it happened before the parcel could be on its way: its clock was changed after the scan, or is wrong. "
        "The record is kept but counts for nothing until a coordinator has looked at it. Let the phone set its time by itself.",
    ),
    "forbidden": Text(
        "这一步不由您的角色确认。记录已保存，协调员会核对。",
        "Your role does not confirm this step. The record is kept; a coordinator looks at it.",
    ),
    "token_malformed": Text(
        "这不是本平台的二维码，或没有扫完整。请对准后再扫一次。",
        "This is not one of our codes, or it was not read whole. Hold steady and scan again.",
    ),
    "token_unknown_key": Text(
        "签发这个二维码的密钥不认识或已停用。请换新标签。",
        "The key that signed this code is unknown or retired. Use a new label.",
    ),
    "token_bad_signature": Text(
        "二维码的签名不对：它被改动过，或不是本平台签发的。请联系协调员。",
        "The signature does not fit: the code was altered or is not ours. Tell the coordinator.",
    ),
    "token_wrong_type": Text(
        "扫错了码：包裹上的是包裹码，收件人手里的是签收码，两个都要扫。",
        "That is the other code: one is on the parcel, one is held by the receiving side. Scan both.",
    ),
    "token_expired": Text("二维码已过期。请换新标签。", "The code has expired. Use a new label."),
    "token_revoked": Text(
        "这张标签已作废（已换新标签或已换人）。请扫新标签；没有新标签就联系协调员。",
        "This label is void: a new one was printed, or somebody else has the wish. Scan the new one, or ask the coordinator.",
    ),
    "tokens_mismatched": Text(
        "签收码和包裹不是同一份心愿的。请核对包裹。",
        "The receipt and the parcel belong to different wishes. Check the parcel.",
    ),
    "code_malformed": Text(
        "输入的码不对：应为 11 位，可能有一位读错。请再核对一次。",
        "The code cannot be right: it has 11 characters, and one was probably misread. Check it again.",
    ),
    "receipt_missing": Text(
        "还差收件方的签收码：请扫描或输入签收码。", "The receiving side's receipt is missing: scan it or type its code."
    ),
    "receipt_code_wrong": Text(
        "签收码不对。请向收件方核对；连续输错 5 次后须由协调员处理。",
        "That is not the receipt code. Check it with the receiving side; after five wrong codes a coordinator has to help.",
    ),
    "receipt_code_locked": Text(
        "这个包裹的签收码已输错 5 次，不能再输入。请扫收件方的签收二维码，或请协调员换发新码。",
        "Wrong codes were typed five times for this parcel. Scan the receipt's QR code, or ask the coordinator for new codes.",
    ),
    "too_many_requests": Text(
        "这台设备或这个网络输错太多次。请 15 分钟后再试，或扫签收二维码。",
        "Too many wrong codes from this device or network. Try again in 15 minutes, or scan the receipt's QR code.",
    ),
    "not_found": Text(
        "没有找到这个标签，或它不归您配送。请核对包裹。",
        "There is no such label, or it is not yours to deliver. Check the parcel.",
    ),
    "other_campaign": OtherCampaign.sentence,
    "device_revoked": RevokedDevice.sentence,
    "nonce_reused": ReusedNonce.sentence,
}
"""By the code of an answer, else by its outcome. None has placeholders."""
