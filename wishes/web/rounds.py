"""The courier's page that works without signal: what it is made of, the round it carries, and what it brings back."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import (
    Response,
    g,
    json,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import Actor, require
from wishes.clock import utc_now
from wishes.errors import NotFound
from wishes.handover.keys import signing_keys
from wishes.handover.reports import MOST_BYTES, read_reports
from wishes.handover.rounds import round_of
from wishes.handover.scanning import take_batch
from wishes.protection.vault import Vault
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import asset, language, t
from wishes.web.identity import database, keyring, settings, signed_in

pages = campaign_blueprint("round", __name__, "/round")
PARTS: Final = (
    "round.js",
    "camera.js",
    "round_codes.js",
    "round_evidence.js",
    "round_store.js",
    "round_sync.js",
    "round_view.js",
)


def _enter() -> Actor:
    person = signed_in()
    require(person, "handover.scan", g.campaign.id)
    return person


@pages.get("/")
def page() -> Response:
    person = _enter()
    version = _version(settings().static_dir, settings().templates_dir)
    answer = make_response(
        render_template(
            "handover/round.html",
            account_id=person.account_id,
            parts=[url_for("round.part", mark=version, part_name=name) for name in PARTS],
            worker=url_for("round.worker", v=version),
            photo=url_for("scans.add_photo", nonce="NONCE"),
        )
    )
    # The one page that may ask where the phone is, when the courier taps for it.
    answer.headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
    return answer


@pages.get("/pack")
def pack() -> Response:
    """The round as the phone keeps it, and the public keys that its codes are checked with."""
    person, now = _enter(), utc_now()
    signer, keys = signing_keys(keyring())
    with database().reading() as session:
        found = round_of(
            session, person, g.campaign.id, signer=signer, now=now, townships=request.args.getlist("township")[:50]
        )
    return jsonify(
        csrf=generate_csrf(),
        now=now.isoformat(),
        expires_at=found.expires_at.isoformat(),
        keys=json.loads(keys.as_json()),
        wishes=[asdict(parcel) for parcel in found.parcels],
        townships=found.townships,
        left_off=found.left_off,
    )


@pages.post("/scans")
def scans() -> Response:
    """What the phone kept, as a JSON list; answered one by one in the same order. See :mod:`wishes.handover.reports`."""
    person = _enter()
    request.max_content_length = MOST_BYTES + 1
    signer, keys = signing_keys(keyring())
    answers = take_batch(
        database(),
        read_reports(request.get_data(cache=False)),
        actor=person,
        signer=signer,
        keys=keys,
        vault=Vault(keyring()),
        now=utc_now(),
        address=request.remote_addr or "",
        campaign_id=g.campaign.id,
    )
    return jsonify([answer.told(language()) for answer in answers])


@pages.get("/token")
def token() -> Response:
    """A form's token for a page that was opened long ago, or without signal."""
    _enter()
    return jsonify(csrf=generate_csrf())


@pages.get("/parts/<mark>/<part_name>")
def part(mark: str, part_name: str) -> WerkzeugResponse:
    """The page's scripts, all below one version, so that a phone never mixes two: whoever asks for a former one is sent to today's."""
    _enter()
    version = _version(settings().static_dir, settings().templates_dir)
    if part_name not in PARTS:
        raise NotFound()
    if mark != version:
        return redirect(url_for("round.part", mark=version, part_name=part_name))
    return send_from_directory(settings().static_dir / "js", part_name, mimetype="text/javascript", max_age=31_536_000)


@pages.get("/worker.js")
def worker() -> Response:
    """The service worker; served here so that it looks after this page and no other."""
    _enter()
    return send_from_directory(settings().static_dir / "js", "round_worker.js", mimetype="text/javascript", max_age=0)


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a phone needs to put the page on its home screen. The same for everybody: it names no campaign."""
    _enter()
    here = url_for("round.page")
    answer = jsonify(
        id=here,
        start_url=here,
        scope=here,
        name=t("微心愿 · 配送交接", "Microwish hand-over"),
        short_name=t("配送交接", "Hand-over"),
        display="standalone",
        background_color="#faf6ef",
        theme_color="#0f6b5c",
        icons=[
            {"src": asset(f"img/round-{side}.png"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": "any maskable"}
            for side in (192, 512)
        ],
    )  # fmt: skip
    answer.content_type = "application/manifest+json"
    return answer


@lru_cache(maxsize=4)
def _version(static: Path, templates: Path) -> str:
    """A mark of everything that the page is made of."""
    told = hashlib.sha256()
    made_of = [*(static / "css").iterdir(), *(static / "js").iterdir(), *(static / "img").iterdir()]
    made_of += [*(templates / "macros").iterdir(), templates / "base.html", templates / "handover" / "round.html"]
    for path in [*sorted(made_of), static / "vendor" / "manifest.json"]:
        told.update(path.name.encode() + path.read_bytes())
    return told.hexdigest()[:12]
