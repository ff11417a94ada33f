// What a courier's phone keeps: the round, what was scanned, what was answered, photographs. All of it sealed (AES-256-GCM)
// with a key that the browser holds and does not hand out; each row belongs to one sign-in in one campaign. There is no PIN
// besides: nothing here tells of a child, and what has to send itself after the battery was empty cannot ask for one.

const STORES = ["queue", "photos", "answers"];
const ANSWERS_KEPT_MS = 3 * 86_400_000;

const random = (length) => crypto.getRandomValues(new Uint8Array(length));
export const newNonce = () => [...random(16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Wake-ups for whatever shows the queue; other windows of this browser hear them, too.
const changes = new EventTarget();
const channel = new BroadcastChannel("mw-round");
channel.addEventListener("message", () => changes.dispatchEvent(new Event("change")));
export const onChange = (listener) => changes.addEventListener("change", listener);
function changed() {
  changes.dispatchEvent(new Event("change"));
  channel.postMessage("change");
}

export class Store {
  static async open(account, campaign) {
    const base = await globalThis.idb.openDB("mw-round", 1, {
      upgrade(made) {
        for (const name of ["keys", "packs", "devices"]) made.createObjectStore(name);
        for (const name of STORES) made.createObjectStore(name, { keyPath: "nonce" }).createIndex("owner", "owner");
      },
    });
    const store = new Store(base, account, `${account}:${campaign}`);
    await store.#prepare();
    return store;
  }

  constructor(base, account, owner) {
    Object.assign(this, { base, account, owner });
  }

  // One key for each sign-in and campaign; one device for each sign-in, whose scans are counted.
  async #prepare() {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const fresh = { id: newNonce(), next: 1 };
    const work = this.base.transaction(["keys", "devices"], "readwrite");
    if (!(await work.objectStore("keys").get(this.owner))) await work.objectStore("keys").put(key, this.owner);
    if (!(await work.objectStore("devices").get(this.account))) await work.objectStore("devices").put(fresh, this.account);
    this.key = await work.objectStore("keys").get(this.owner);
    this.device = (await work.objectStore("devices").get(this.account)).id;
    await work.done;
  }

  async #sealed(what, name) {
    const iv = random(12);
    const plain = what instanceof Blob ? await what.arrayBuffer() : new TextEncoder().encode(JSON.stringify(what));
    const bound = new TextEncoder().encode(`${this.owner}:${name}`);
    return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound }, this.key, plain) };
  }

  async #bytes(row, name) {
    const bound = new TextEncoder().encode(`${this.owner}:${name}`);
    return crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv, additionalData: bound }, this.key, row.sealed);
  }

  async #opened(row, name) {
    return JSON.parse(new TextDecoder().decode(await this.#bytes(row, name)));
  }

  // --- the round --------------------------------------------------------------------------------------------------------

  // Keys to check codes with outlive the round itself: they are public, and a late scan is a scan.
  async keepPack(pack) {
    const { keys, expires_at, now, csrf, ...rest } = pack;
    const row = { ...(await this.#sealed(rest, "pack")), keys, expires: Date.parse(expires_at), ahead: Date.now() - Date.parse(now) };
    await this.base.put("packs", row, this.owner);
    changed();
  }

  // {keys, expires, ahead, campaign facts …} or null; past its hour nothing but the public keys is left.
  async pack() {
    const row = await this.base.get("packs", this.owner);
    if (!row) return null;
    const { keys, expires, ahead } = row;
    const over = Date.now() - ahead >= expires;
    if (over && row.sealed) await this.base.put("packs", { keys, expires, ahead }, this.owner);
    return { keys, expires, ahead, over: over || !row.sealed, ...(over || !row.sealed ? { wishes: [] } : await this.#opened(row, "pack")) };
  }

  async dropPacks() {
    for (const owner of await this.base.getAllKeys("packs")) await this.base.delete("packs", owner);
    changed();
  }

  // --- what was scanned -------------------------------------------------------------------------------------------------

  // Put a scan into the queue: on disk before anybody is told that it is kept.
  async add(scan, photo) {
    const nonce = newNonce();
    const row = { nonce, owner: this.owner, account: this.account, tried: false, stuck: "", ...(await this.#sealed(scan, nonce)) };
    const picture = photo && { nonce, owner: this.owner, ready: false, ...(await this.#sealed(photo, `photo ${nonce}`)) };
    const work = this.base.transaction(["queue", "photos", "devices"], "readwrite", { durability: "strict" });
    const device = await work.objectStore("devices").get(this.account);
    await work.objectStore("queue").put({ ...row, seq: device.next });
    if (picture) await work.objectStore("photos").put(picture);
    await work.objectStore("devices").put({ ...device, next: device.next + 1 }, this.account);
    await work.done;
    changed();
    return nonce;
  }

  // Take back what was not yet sent. Numbers close up, since a gap tells the server of a scan that got lost.
  async undo(nonce) {
    const work = this.base.transaction(["queue", "photos", "devices"], "readwrite");
    const queue = work.objectStore("queue");
    const row = await queue.get(nonce);
    const taken = Boolean(row && !row.tried);
    if (taken) {
      await queue.delete(nonce);
      await work.objectStore("photos").delete(nonce);
      const later = (await queue.getAll()).filter((one) => one.account === this.account && one.seq > row.seq);
      if (!later.some((one) => one.tried)) {
        for (const one of later) await queue.put({ ...one, seq: one.seq - 1 });
        const device = await work.objectStore("devices").get(this.account);
        await work.objectStore("devices").put({ ...device, next: device.next - 1 }, this.account);
      }
    }
    await work.done;
    changed();
    return taken;
  }

  async #all(name) {
    return this.base.getAllFromIndex(name, "owner", this.owner);
  }

  // [{nonce, seq, tried, stuck, scan}] in the order they were made.
  async queue() {
    const rows = (await this.#all("queue")).sort((one, other) => one.seq - other.seq);
    return Promise.all(rows.map(async (row) => ({
      nonce: row.nonce, seq: row.seq, tried: row.tried, stuck: row.stuck, scan: await this.#opened(row, row.nonce),
    })));
  }

  // From the moment a scan is on its way it can no longer be taken back: the server may have it.
  async markTried(nonces) {
    const work = this.base.transaction("queue", "readwrite", { durability: "strict" });
    const held = [];
    for (const nonce of nonces) {
      const row = await work.store.get(nonce);
      if (!row) continue;
      held.push(row.nonce);
      if (!row.tried) await work.store.put({ ...row, tried: true });
    }
    await work.done;
    changed();
    return held;
  }

  async markStuck(nonce, why) {
    const row = await this.base.get("queue", nonce);
    if (row) await this.base.put("queue", { ...row, stuck: why });
    changed();
  }

  // The server answered: only now does the scan leave the queue.
  async answered(scan, answer) {
    const { nonce } = answer;
    const kept = { ...answer, action: scan.action, tag: scan.tag, title: scan.title, made: scan.occurred_at };
    const row = { nonce, owner: this.owner, at: Date.now(), ...(await this.#sealed(kept, `answer ${nonce}`)) };
    const work = this.base.transaction(STORES, "readwrite", { durability: "strict" });
    await work.objectStore("answers").put(row);
    await work.objectStore("queue").delete(nonce);
    const photo = await work.objectStore("photos").get(nonce);
    if (photo && answer.outcome === "refused") await work.objectStore("photos").delete(nonce);
    else if (photo) await work.objectStore("photos").put({ ...photo, ready: true });
    await work.done;
    changed();
  }

  async answers() {
    const rows = await this.#all("answers");
    const old = rows.filter((row) => Date.now() - row.at > ANSWERS_KEPT_MS);
    for (const row of old) await this.base.delete("answers", row.nonce);
    const kept = rows.filter((row) => !old.includes(row)).sort((one, other) => other.at - one.at);
    return Promise.all(kept.map((row) => this.#opened(row, `answer ${row.nonce}`)));
  }

  // --- photographs ------------------------------------------------------------------------------------------------------

  // [{nonce, ready, picture: Blob}]; ready when its scan was answered.
  async photos() {
    const rows = await this.#all("photos");
    return Promise.all(rows.map(async (row) => ({
      nonce: row.nonce, ready: row.ready, picture: new Blob([await this.#bytes(row, `photo ${row.nonce}`)], { type: "image/jpeg" }),
    })));
  }

  async dropPhoto(nonce) {
    await this.base.delete("photos", nonce);
    changed();
  }

  // Scans that somebody else left on this phone: sealed with their key and sent when they sign in again.
  async strangers() {
    return (await this.base.getAll("queue")).filter((row) => row.owner !== this.owner).length;
  }
}
