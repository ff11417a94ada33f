// Brings what waits on the phone to the server: by itself, a few at a time, and again until there is an answer.

const AT_ONCE = 50;
const EVERY_MS = 20_000;
const PATIENCE_MS = 30_000;
const MOST_WAIT_MS = 5 * 60_000;
export const UNDO_MS = 8_000;

class SignedOut extends Error {}
class NotAllowed extends Error {}
class FormExpired extends Error {}
class Busy extends Error {}
class NotTaken extends Error {}
class Broken extends Error {}

export class Sync {
  // *urls*: {token, scans, photo}; *tell* is told {state: "idle" | "sending" | "waiting" | "signed-out" | "not-allowed"}.
  constructor(store, urls, tell) {
    Object.assign(this, { store, urls, tell, csrf: "", failures: 0, notBefore: 0, allUntil: 0, wanted: false, running: null });
  }

  start() {
    window.addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.now(); });
    setInterval(() => this.soon(), EVERY_MS);
    return this.soon();
  }

  // What somebody asked for waits neither for the pause after a failure nor for second thoughts.
  now({ all = false } = {}) {
    this.notBefore = 0;
    if (all) this.allUntil = Date.now();
    return this.soon();
  }

  // One run at a time; what is asked for during a run is done after it.
  soon() {
    this.wanted = true;
    this.running ??= this.#runs().finally(() => { this.running = null; });
    return this.running;
  }

  async #runs() {
    while (this.wanted && Date.now() >= this.notBefore) {
      this.wanted = false;
      await this.#alone(() => this.#run());
    }
  }

  // Another window of this browser may be at it: one sends, and the server knows each scan by its number all the same.
  #alone(run) {
    if (!navigator.locks) return run();
    return navigator.locks.request("mw-round-sync", { ifAvailable: true }, (lock) => (lock ? run() : undefined));
  }

  async #run() {
    try {
      await this.#scans();
      await this.#photos();
      this.failures = 0;
      this.tell({ state: "idle" });
    } catch (problem) {
      this.#after(problem);
    }
  }

  #after(problem) {
    if (problem instanceof SignedOut) this.tell({ state: "signed-out" });
    else if (problem instanceof NotAllowed) this.tell({ state: "not-allowed" });
    else {
      // Whatever it was, nothing left the queue; it is tried again, more and more seldom.
      const pause = Math.max(problem.wait ?? 0, Math.min(EVERY_MS * 2 ** Math.min(this.failures++, 4), MOST_WAIT_MS));
      this.notBefore = navigator.onLine ? Date.now() + pause - 1_000 : 0;
      this.tell({ state: "waiting" });
    }
  }

  async #scans() {
    let waiting = await this.#due();
    while (waiting.length) {
      this.tell({ state: "sending" });
      await this.#send(waiting.slice(0, AT_ONCE));
      waiting = await this.#due();
    }
  }

  async #due() {
    const made = Math.max(Date.now() - UNDO_MS, this.allUntil);
    const rows = await this.store.queue();
    const until = rows.findIndex((row) => !row.tried && row.scan.kept_at > made && row.scan.kept_at <= Date.now());
    return (until < 0 ? rows : rows.slice(0, until)).filter((row) => !row.stuck);
  }

  async #send(rows) {
    const held = new Set(await this.store.markTried(rows.map((row) => row.nonce)));
    const sent = rows.filter((row) => held.has(row.nonce));
    const reports = sent.map(({ nonce, seq, scan }) => ({
      nonce, token: scan.token, recipient_code: scan.recipient_code, action: scan.action, occurred_at: scan.occurred_at,
      sent_at: new Date().toISOString(), device_id: this.store.device, device_seq: seq, evidence: scan.evidence,
    }));
    try {
      const answers = await (await this.#post(this.urls.scans, JSON.stringify(reports), "application/json")).json();
      for (const answer of answers) {
        const row = sent.find((one) => one.nonce === answer.nonce);
        if (row) await this.store.answered(row.scan, answer);
      }
      if (answers.length < sent.length) throw new Busy();
    } catch (problem) {
      const isItsFault = problem instanceof NotTaken || problem instanceof Broken;
      if (isItsFault && sent.length > 1) await this.#oneByOne(sent);
      else if (problem instanceof NotTaken) await this.store.markStuck(sent[0].nonce, problem.message);
      else throw problem;
    }
  }

  // One scan must not hold up the others: alone each shows whether it is the one.
  async #oneByOne(rows) {
    let broken = null;
    for (const row of rows) {
      await this.#send([row]).catch((problem) => {
        if (!(problem instanceof Broken)) throw problem;
        broken = problem;
      });
    }
    if (broken) throw broken;
  }

  async #photos() {
    for (const { nonce, ready, picture } of await this.store.photos()) {
      if (!ready) continue;
      const form = new FormData();
      form.append("photo", picture, "photo.jpg");
      try {
        await this.#post(this.urls.photo.replace("NONCE", nonce), form);
      } catch (problem) {
        if (!(problem instanceof NotTaken)) throw problem;
        if (problem.message === "404") continue; // the server does not know the scan yet
      } // and what it will not take as a picture is not offered twice
      await this.store.dropPhoto(nonce);
    }
  }

  // A form's token dies with the browser; a new one is had for the asking. Refused with a fresh one, it is the content.
  async #post(url, body, type) {
    for (let fresh = !this.csrf; ; fresh = true) {
      try {
        return await this.#posted(url, body, type);
      } catch (problem) {
        if (!(problem instanceof FormExpired)) throw problem;
        if (fresh) throw new NotTaken("400");
        this.csrf = "";
      }
    }
  }

  async #posted(url, body, type) {
    if (!this.csrf) this.csrf = (await (await this.#asked(this.urls.token, {})).json()).csrf;
    const headers = { "X-CSRFToken": this.csrf, ...(type && { "Content-Type": type }) };
    return this.#asked(url, { method: "POST", body, headers });
  }

  async #asked(url, options) {
    const answer = await fetch(url, {
      ...options, redirect: "manual", credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.ok) return answer;
    if (answer.type === "opaqueredirect" || answer.status === 401) throw new SignedOut();
    if (answer.status === 403) throw new NotAllowed();
    if (answer.status === 400 && options.method === "POST" && !answer.headers.get("Content-Type")?.includes("json")) throw new FormExpired();
    if ([400, 404, 409, 413, 415, 422].includes(answer.status)) throw new NotTaken(`${answer.status}`);
    if (answer.status === 500) throw new Broken();
    throw Object.assign(new Busy(), { wait: 1_000 * (Number(answer.headers.get("Retry-After")) || 0) });
  }

  // The round anew, of the townships that were chosen. Answers it, or null when the server says that this person has none any more.
  async load(url, chosen) {
    try {
      const pack = await (await this.#asked(url, {})).json();
      this.csrf = pack.csrf;
      await this.store.keepPack({ ...pack, chosen });
      return pack;
    } catch (problem) {
      if (problem instanceof NotAllowed || problem instanceof NotTaken) {
        await this.store.dropPacks();
        this.tell({ state: "not-allowed" });
        return null;
      }
      if (problem instanceof SignedOut) this.tell({ state: "signed-out" });
      throw problem;
    }
  }
}
