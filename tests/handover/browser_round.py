"""A courier's phone: a real Chromium in a process of its own, which can be killed, before a server that can be away."""

from __future__ import annotations

import io
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Playwright
from sqlmodel import col
from werkzeug.serving import BaseWSGIServer, make_server

from tests.factories import Place, code_of, insert, make_account, make_campaign, make_volunteer, make_wish
from tests.handover.paper import Grey, cell, decoded, rendered
from tests.services import chromium
from wishes.access import Grant, Role
from wishes.campaigns.tables import Place as Township
from wishes.claims.tables import Claim, ClaimState, Volunteer
from wishes.clock import utc_now
from wishes.db import Database
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.label_slips import Slip, write_slips
from wishes.handover.labels import Label, write_labels
from wishes.handover.tables import HandOver, Scan, ScanPhoto
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.people.actions import open_session
from wishes.protection.keyring import Keyring

PHONE = {"width": 375, "height": 812}
FRAME = (480, 640)  # of the camera's picture: rows, columns


@dataclass
class Server:
    """The application on a port of its own; goes away and comes back at the same address."""

    app: Flask
    port: int = 0
    _running: tuple[BaseWSGIServer, Thread] | None = None

    def start(self) -> None:
        server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        if self._running is not None:
            server, thread = self._running
            server.shutdown()
            server.server_close()
            thread.join()
            self._running = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Village:
    """A campaign with parcels on their way and a courier, served."""

    app: Flask
    keyring: Keyring
    server: Server = field(init=False)
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        self.server = Server(self.app)
        with self.database.transaction() as session:
            self.place = make_campaign(session, now=utc_now())
            insert(
                session, Township, campaign_id=self.place.id, code="330102001", name="甲街道", level="township", lat=30.2, lon=120.1
            )  # fmt: skip

    @property
    def database(self) -> Database:
        found: Database = self.app.extensions["microwish.database"]
        return found

    @property
    def url(self) -> str:
        return f"{self.server.address}/c/{self.place.slug}/round/"

    def parcel(
        self, *, item: str = "书包", category: str = "study", status: Status = Status.IN_TRANSIT, **more: Any
    ) -> Codes:
        """A wish that a volunteer holds, on its way, with its codes."""
        now = utc_now()
        with self.database.transaction() as session:
            taker_id = make_volunteer(session, self.place.id)
            wish_id = make_wish(
                session, self.place, status=status, category=category, taker_volunteer_id=taker_id, **more
            )
            session.execute(sa.update(Volunteer).where(col(Volunteer.id) == taker_id).values(live_claims=1))
            session.execute(sa.update(Wish).where(col(Wish.id) == wish_id).values(item=item))
            insert(
                session, Claim, campaign_id=self.place.id, wish_id=wish_id, volunteer_id=taker_id,
                state=ClaimState.LIVE, claimed_at=now - timedelta(days=5),
            )  # fmt: skip
            return issue_codes(
                session, wish_id=wish_id, signer=signing_keys(self.keyring)[0], now=now - timedelta(days=4)
            )

    def account(self, *grants: Grant) -> int:
        """Somebody with these roles; a courier without any."""
        with self.database.transaction() as session:
            return make_account(session, grants or (self.place.grant(Role.COURIER),), now=utc_now())

    def cookie(self, account_id: int) -> str:
        """The secret of a browser in which the account is signed in."""
        with self.database.transaction() as session:
            return open_session(session, account_id=account_id, now=utc_now(), hours=12)

    def code(self, codes: Codes) -> str:
        with self.database.reading() as session:
            return code_of(session, codes.wish_id)

    def delivered(self) -> dict[int, datetime]:
        """When the wishes that arrived did, by wish."""
        with self.database.reading() as session:
            rows = session.execute(
                sa.select(col(Wish.id), col(Wish.delivered_at)).where(col(Wish.status) == Status.DELIVERED)
            )
            return {row.id: row.delivered_at for row in rows}

    def confirmed(self) -> list[int]:
        """The wish of each hand-over that counts."""
        with self.database.reading() as session:
            return list(
                session.execute(sa.select(col(HandOver.wish_id)).where(col(HandOver.state) == "confirmed")).scalars()
            )

    def scans(self) -> list[Any]:
        """Every scan on record, by the device's own count."""
        with self.database.reading() as session:
            return list(session.execute(sa.select(Scan.__table__).order_by(col(Scan.device_seq))))  # type: ignore[attr-defined]

    def photos(self, codes: Codes) -> int:
        """How many photographs of the wish's scans are kept."""
        with self.database.reading() as session:
            return int(
                session.execute(
                    sa.select(sa.func.count())
                    .select_from(ScanPhoto)
                    .join(Scan, col(Scan.id) == col(ScanPhoto.scan_id))
                    .where(col(Scan.wish_id) == codes.wish_id)
                ).scalar_one()
            )


@dataclass
class Phone:
    """Chromium with a profile that outlives it. ``kill`` is an empty battery: no chance to write anything down."""

    playwright: Playwright
    profile: Path
    flags: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def on(self) -> Iterator[BrowserContext]:
        found = chromium.find()
        told = self.profile / "DevToolsActivePort"
        told.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                str(found.executable), *found.flags, "--headless=new", "--remote-debugging-port=0", "--remote-allow-origins=*",
                "--no-default-browser-check", "--lang=zh-CN", "--accept-lang=zh-CN", "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={self.profile}",
                f"--window-size={PHONE['width']},{PHONE['height']}", *self.flags, "about:blank",
            ],
            env=dict(found.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            browser = self.playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{_port(told)}")
            yield browser.contexts[0]
        finally:
            self.kill()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def remembers_cookie(self, name: str) -> bool:
        """Whether the sign-in has reached the disk: Chromium writes its cookies only every half minute."""
        for file in (self.profile / "Default" / "Cookies", self.profile / "Default" / "Network" / "Cookies"):
            if file.exists():
                with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as jar:
                    return bool(jar.execute("SELECT count(*) FROM cookies WHERE name = ?", (name,)).fetchone()[0])
        return False


def _port(told: Path) -> int:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if told.exists() and (lines := told.read_text().split()):
            port = int(lines[0])
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
        time.sleep(0.1)
    raise TimeoutError("Chromium did not open its debugging port within a minute")


def sign_in(context: BrowserContext, village: Village, secret: str) -> None:
    context.add_cookies(
        [{"name": "microwish", "value": secret, "url": village.server.address, "expires": time.time() + 86_400}]
    )


def ready(page: Page) -> None:
    """The page opens without the server from now on."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("caches.keys().then(names => names.some(name => name.startsWith('mw-round-')))")


def wait_until(happened: Any, *, seconds: float, what: str) -> None:
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)


# --- what the camera sees -------------------------------------------------------------------------------------------------


def film(pairs: Sequence[Codes], out: Path, *, base_url: str, fonts_dir: Path, fps: int = 4, frames: int = 5) -> None:
    """A film (y4m) of printed labels and receipt slips, one after the other, as Chromium's fake camera plays it in a loop."""
    labels, slips = io.BytesIO(), io.BytesIO()
    write_labels(
        [Label(codes.label, "study") for codes in pairs], labels, layout="a4-24", base_url=base_url, fonts_dir=fonts_dir
    )  # fmt: skip
    write_slips([Slip(codes.receipt, codes.label) for codes in pairs], slips, base_url=base_url, fonts_dir=fonts_dir)
    rows, columns = FRAME
    with out.open("wb") as film:
        film.write(f"YUV4MPEG2 W{columns} H{rows} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for number, codes in enumerate(pairs):
            parcel = cell(rendered(labels.getvalue(), number // 24), "a4-24", number % 24)
            page = rendered(slips.getvalue(), number // 4, 180)
            top, panel = number % 4 * page.shape[0] // 4, page.shape[1] // 3
            receipt = page[top : top + page.shape[0] // 4, panel : 2 * panel]
            for seen, token in ((parcel, codes.label), (receipt, codes.receipt)):
                still = _framed(seen)
                assert [text.endswith(token.text) for text in decoded(still)] == [True], "the still is readable"
                for _ in range(frames):
                    film.write(b"FRAME\n" + still.tobytes() + bytes([128]) * (rows * columns // 2))


def _framed(seen: Grey) -> Grey:
    """On a grey table, cut to the camera's picture."""
    rows, columns = FRAME
    still = np.full(FRAME, 200, dtype=np.uint8)
    seen = seen[:rows, :columns]
    top, left = (rows - seen.shape[0]) // 2, (columns - seen.shape[1]) // 2
    still[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return still
