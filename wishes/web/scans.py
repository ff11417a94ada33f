"""Scans in question, the devices they come from, the record of a hand-over, and the photographs that follow a scan."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import Actor, may, may_see_identity, relations, require
from wishes.campaigns.actions import set_finder_contact
from wishes.campaigns.queries import rules_of
from wishes.clock import utc_now
from wishes.errors import Forbidden
from wishes.events.actions import record as note_event
from wishes.handover import actions, devices
from wishes.handover.conflicts import WHY, Matter, ScanSeen, matters, settle
from wishes.handover.keys import signing_keys
from wishes.handover.photos import keep_photo, photos_of, see_photo
from wishes.handover.queries import record_of
from wishes.handover.receivers import receiver_name
from wishes.handover.scanning import Desk
from wishes.handover.verdicts import SENTENCES
from wishes.i18n import Text
from wishes.intake.wishes import wish_by_code
from wishes.lifecycle import HELD, By
from wishes.protection.approvals import live_access
from wishes.protection.entries import note
from wishes.protection.pictures import LARGEST_BYTES
from wishes.protection.vault import Vault
from wishes.web.campaign import campaign_blueprint
from wishes.web.cards import title
from wishes.web.context import moment, t
from wishes.web.identity import database, keyring, settings, signed_in

pages = campaign_blueprint("scans", __name__)

_ACTION = {
    "hand_over": Text("交接", "Handed over"),
    "refuse": Text("收件方没有收下", "Not taken"),
    "absent": Text("没有人在", "Nobody there"),
}
_PROOF = {
    "both_codes": Text("包裹码 + 签收码（扫码）", "both codes, scanned"),
    "receipt_code": Text("包裹码 + 签收码（输入，联网时核对）", "receipt typed, checked when it arrived here"),
    "community": Text("社工本人扫包裹码", "the social worker's own scan of the parcel"),
    "paper": Text("纸质签收，事后补登", "on paper, typed in later"),
}
_RECEIVER = {
    "guardian": Text("监护人", "guardian"),
    "director": Text("儿童主任", "village children's director"),
    "authorised": Text("受托人", "somebody authorised"),
}
_OUTCOME = {
    "accepted": (Text("已登记", "accepted"), "good"),
    "already": (Text("已送达过", "already delivered"), ""),
    "conflict": (Text("待核对", "in question"), "warn"),
    "refused": (Text("未通过", "refused"), "bad"),
}
_CHANNEL = {
    "device": Text("手机路线页", "a device's round"),
    "page": Text("扫码网页", "the scan page"),
    "api": Text("接口", "a program"),
}
_CLOCK = {
    "early": Text("（早了几分钟，按最早可能的时刻计）", " (some minutes early: the earliest it can have been)"),
    "late": Text("（晚了几分钟，按收到时刻计）", " (some minutes late: as of when it arrived here)"),
    "past": Text(
        "（设备报的时间不可能：早于包裹出发。按收到时刻计）",
        " (the device's time cannot be: before the parcel could be on its way. Dated by its arrival)",
    ),
    "future": Text(
        "（设备报的时间不可能：晚于收到。按收到时刻计）",
        " (the device's time cannot be: after we heard of it. Dated by its arrival)",
    ),
}


def desk_of(actor: Actor, *, channel: str, campaign_id: int | None = None) -> Desk:
    """The desk for reports of this request. Raises KeyMissing before ``init``."""
    ring = keyring()
    signer, keys = signing_keys(ring)
    return Desk(actor, signer, keys, Vault(ring), request.remote_addr or "", campaign_id, channel)


# --- in question ------------------------------------------------------------------------------------------------------


@pages.get("/hand-overs")
def home() -> str:
    person, everything = signed_in(), request.args.get("all") == "1"
    require(person, "events.view", g.campaign.id)
    with database().reading() as session:
        found = matters(session, g.campaign.id, only_open=not everything)
    return render_template(
        "handover/conflicts.html",
        matters=[_matter(one) for one in found],
        may_settle=may(person, "campaign.coordinate", g.campaign.id),
        tabs=[
            {"label": t("待核对", "Open"), "url": url_for("scans.home"), "current": not everything},
            {"label": t("全部", "All"), "url": url_for("scans.home", all=1), "current": everything},
        ],
    )


@pages.post("/hand-overs/<int:claim_id>")
def settle_matter(claim_id: int) -> WerkzeugResponse:
    person = signed_in()
    with database().transaction() as session:
        settle(
            session,
            campaign_id=g.campaign.id,
            claim_id=claim_id,
            standing=request.form.get("standing", ""),
            reason=request.form.get("reason", ""),
            actor=person,
            now=utc_now(),
        )
    flash(t("结论已记录。", "It is settled and on record."), "success")
    return redirect(url_for("scans.home"))


def _matter(one: Matter) -> dict[str, Any]:
    return {
        "claim_id": one.claim_id,
        "title": one.wish_code,
        "why": "；".join(t(WHY[key]) for key in one.why),
        "open": one.open,
        "record_url": url_for("scans.record", code=one.wish_code),
        "scans": [
            {
                "when": moment(scan.occurred_at),
                "what": t(_ACTION[scan.action]) + (f"：{scan.reason}" if scan.reason else ""),
                "who": _who(scan),
                "how": t(_PROOF[scan.evidence]) if scan.evidence else "",
                "heard": moment(scan.recorded_at),
                "counts": scan.nonce == one.standing,
            }
            for scan in one.scans
        ],
        "choices": [
            (scan.nonce, f"{moment(scan.occurred_at)} · {_who(scan)}")
            for scan in one.scans
            if scan.action == "hand_over"
        ],
        "settled": one.settled and {"by": one.settled.by, "at": moment(one.settled.at), "reason": one.settled.reason},
    }


def _who(scan: ScanSeen) -> str:
    return " · ".join(part for part in (scan.account, scan.device[:8]) if part) or "—"


# --- devices ----------------------------------------------------------------------------------------------------------


@pages.get("/devices")
def devices_page() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        found = devices.devices_of(session, g.campaign.id)
        contact = rules_of(session, g.campaign.id).finder_contact
    return render_template(
        "handover/devices.html",
        contact=contact,
        rows=[
            {
                "id": one.id,
                "account": one.account or "—",
                "uid": one.uid[:12],
                "scans": one.scans,
                "refused": one.refused,
                "missing": one.missing,
                "skew": _skew(one.skew_s),
                "seen": moment(one.last_seen_at),
                "revoked": moment(one.revoked_at) if one.revoked_at else "",
            }
            for one in found
        ],
    )


@pages.post("/devices/<int:device_id>/revoke")
def revoke_device(device_id: int) -> WerkzeugResponse:
    person = signed_in()
    require(person, "campaign.coordinate", g.campaign.id)
    with database().transaction() as session:
        devices.revoke(session, device_id=device_id, campaign_id=g.campaign.id, actor=person, now=utc_now())
    flash(t("设备已停用。", "The device is switched off."), "success")
    return redirect(url_for("scans.devices_page"))


@pages.post("/finder-contact")
def finder_contact() -> WerkzeugResponse:
    """What a label tells whoever finds a parcel."""
    person = signed_in()
    with database().transaction() as session:
        set_finder_contact(
            session, campaign_id=g.campaign.id, contact=request.form.get("contact", ""), actor=person, now=utc_now()
        )
    flash(t("已保存，捡到包裹的人会看到。", "Saved: who finds a parcel sees it."), "success")
    return redirect(url_for("scans.devices_page"))


def _skew(seconds: int | None) -> str:
    if seconds is None:
        return t("没有测到", "not measured")
    if abs(seconds) < 60:
        return t("准", "right")
    amount = f"{abs(seconds) // 3600}:{abs(seconds) % 3600 // 60:02}"
    return (
        t("慢 {amount}", "{amount} slow", amount=amount)
        if seconds > 0
        else t("快 {amount}", "{amount} fast", amount=amount)
    )


# --- the record -------------------------------------------------------------------------------------------------------


@pages.get("/wishes/<code>/hand-over")
def record(code: str) -> str:
    """Everything that is known of a wish's hand-over; that somebody looked is on record, too."""
    person, now = signed_in(), utc_now()
    require(person, "events.view", g.campaign.id)
    with database().transaction() as session:
        wish = wish_by_code(session, g.campaign.id, code)
        kept = record_of(session, wish.id)
        photos = photos_of(session, wish.id)
        approved = live_access(session, account_id=person.account_id, child_id=wish.child_id, now=now) is not None
        named = may_see_identity(person, g.campaign.id, wish.community_id, approved=approved)
        names = {
            scan.id: receiver_name(session, scan, wish.child_id, vault=Vault(keyring()))
            if named
            else t("（已加密）", "(sealed)")
            for scan in kept.scans
            if scan.receiver_name
        }
        note(
            session, "look_scans", actor=person, now=now, campaign_id=g.campaign.id, child_id=wish.child_id, wish_id=wish.id,
            fields=["receiver"] if named and names else [],
        )  # fmt: skip
    return render_template(
        "handover/record.html",
        wish=wish,
        wish_title=title(wish),
        may_renew=wish.status in HELD and bool(relations(person, wish.facts) & {By.COORDINATOR}),
        scans=[
            {
                "id": scan.id,
                "title": f"{moment(scan.occurred_at)} · {t(_ACTION[scan.action])}",
                "told": t(SENTENCES.get(scan.code or scan.outcome, SENTENCES[scan.outcome])),
                "outcome": t(_OUTCOME[scan.outcome][0]),
                "tone": _OUTCOME[scan.outcome][1],
                "counts": scan.nonce in kept.standing,
                "facts": _facts(scan, names.get(scan.id, "")),
                "photos": [
                    url_for("scans.photo", code=wish.code, photo_id=each.id)
                    for each in photos
                    if each.scan_id == scan.id
                ],
            }
            for scan in kept.scans
        ],
        settled=[
            (f"{moment(one.settled.at)} · {one.settled.by}", one.settled.reason) for one in kept.matters if one.settled
        ],
        looked=[(moment(one.at), one.by) for one in kept.looked],
    )


def _facts(scan: ScanSeen, name: str) -> list[tuple[str, str]]:
    receiver = t(_RECEIVER[scan.receiver]) if scan.receiver else ""
    if scan.receiver_id is not None:
        how = t("（事先登记在代收人名单上）", " (listed beforehand)")
    else:
        how = t("（当场登记）", " (named then)") if scan.receiver == "authorised" else ""
    return [
        (t("谁扫的", "Scanned by"), scan.account),
        (
            t("用什么", "On"),
            t(_CHANNEL[scan.channel]) + (f" · {scan.device} #{scan.device_seq}" if scan.device else ""),
        ),
        (t("设备自己的钟", "By the device's clock"), moment(scan.device_at)),
        (t("设备的钟", "The device's clock was"), _skew(scan.skew_s)),
        (
            t("认定的时刻", "Taken to have happened"),
            moment(scan.occurred_at) + (t(_CLOCK[scan.clock]) if scan.clock else ""),
        ),
        (t("系统收到", "Heard here"), moment(scan.recorded_at)),
        (t("凭什么", "Proof"), t(_PROOF[scan.evidence]) if scan.evidence else ""),
        (t("收件人", "Received by"), " ".join(part for part in (receiver, name) if part) + how),
        (t("大致地点（约 5 公里）", "Place, to some 5 km"), scan.place),
        (t("备注", "Note"), scan.reason),
        (t("编号", "Number"), scan.nonce),
        (t("内容指纹（SHA-256）", "Fingerprint of the content (SHA-256)"), scan.digest.hex()),
    ]


@pages.post("/wishes/<code>/new-label")
def renew_label(code: str) -> WerkzeugResponse:
    """The label was lost, damaged or swapped: the codes of this claim are void from now on, and new ones are there to print."""
    person, now = signed_in(), utc_now()
    signer, _ = signing_keys(keyring())
    with database().transaction() as session:
        wish = wish_by_code(session, g.campaign.id, code)
        if not relations(person, wish.facts) & {By.COORDINATOR, By.INSPECTOR, By.COMMUNITY}:
            raise Forbidden()
        actions.issue_codes(session, wish_id=wish.id, signer=signer, now=now, anew=True)
        note_event(session, action="renew_label", campaign_id=g.campaign.id, wish_id=wish.id, actor=person, now=now)
    flash(
        t("旧标签和旧签收码已作废。请打印新的。", "The old label and receipt are void. Print the new ones."), "success"
    )
    return redirect(url_for("wish.page", code=code))


# --- photographs ------------------------------------------------------------------------------------------------------


@pages.post("/scans/<nonce>/photo")
def add_photo(nonce: str) -> Response:
    """Take a photograph that follows a scan; sent again it is the same one. Answers JSON."""
    person = signed_in()
    require(person, "handover.scan", g.campaign.id)
    request.max_content_length = LARGEST_BYTES + 64 * 1024
    given = request.files.get("photo")
    with database().transaction() as session:
        kept = keep_photo(
            session, campaign_id=g.campaign.id, nonce=nonce, data=given.read() if given else b"", uploads=settings().uploads_dir,
            vault=Vault(keyring()), actor=person, now=utc_now(),
        )  # fmt: skip
    return jsonify({"nonce": nonce, "kept": kept})


@pages.get("/wishes/<code>/hand-over/photo/<int:photo_id>")
def photo(code: str, photo_id: int) -> Response:
    person = signed_in()
    require(person, "events.view", g.campaign.id)
    with database().transaction() as session:
        wish = wish_by_code(session, g.campaign.id, code)
        picture = see_photo(
            session, wish_id=wish.id, photo_id=photo_id, uploads=settings().uploads_dir, vault=Vault(keyring())
        )
        note(
            session, "look_scans", actor=person, now=utc_now(), campaign_id=g.campaign.id, child_id=wish.child_id, wish_id=wish.id,
            fields=["photo"],
        )  # fmt: skip
    response = Response(picture, content_type="image/jpeg")
    response.headers["Cache-Control"] = "no-store"
    return response
