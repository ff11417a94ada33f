// The courier's page: two codes make a hand-over, which goes into the queue on the phone and from there, by itself, to the
// server. What cannot be checked here is kept and said to be checked later; what is none of our codes is not kept.

import { Camera, sound } from "./camera.js";
import { read, verifiers } from "./round_codes.js";
import { Pad, pictured, roughly } from "./round_evidence.js";
import { onChange, Store } from "./round_store.js";
import { Sync, UNDO_MS } from "./round_sync.js";
import { announce, part, say, showAnswers, showNetwork, showParcels, showQueue, showStep, showUntil, title, why } from "./round_view.js";

const told = document.getElementById("round").dataset;
const [typed, more] = [part("typed"), part("more")];
const now = { parcel: null, receipt: null, pack: null, keys: new Map(), waiting: [], answers: [], last: "", chosen: [], sending: "", place: "" };
const pad = new Pad(part("sign"));

const store = await Store.open(told.account, told.campaign);
const sync = new Sync(store, told, ({ state }) => {
  now.sending = state;
  part("signed-out").hidden = state !== "signed-out";
  part("not-allowed").hidden = state !== "not-allowed";
  network();
});

function network() {
  showNetwork(!navigator.onLine ? "offline" : ["sending", "waiting"].includes(now.sending) ? now.sending : "online");
}

// --- what is known of a parcel ------------------------------------------------------------------------------------------

const parcelOf = (code) => now.pack?.wishes.find((one) => (code.tag ? one.tag === code.tag : one.mark && one.mark === code.mark)) ?? null;

function stateOf(tag) {
  if (!tag) return "";
  if (now.waiting.some(({ scan }) => scan.tag === tag && scan.action === "hand_over")) return "waiting";
  const answer = now.answers.find((one) => one.tag === tag && one.action === "hand_over");
  return { accepted: "done", already: "done", conflict: "conflict", refused: "refused" }[answer?.outcome] ?? "";
}

// --- taking codes -------------------------------------------------------------------------------------------------------

async function take(text) {
  const code = await read(text, now.keys, Date.now() - (now.pack?.ahead ?? 0));
  if (code.state === "bad") return refuse(why(code.why));
  const isParcel = code.kind === "label" || (code.kind === "short" && (!now.parcel || parcelOf(code)));
  return isParcel ? takeParcel(code) : takeReceipt(code);
}

function refuse(words) {
  sound("bad");
  announce("bad", words);
}

function takeParcel(code) {
  const known = parcelOf(code);
  const tag = code.tag ?? known?.tag ?? "";
  if (["waiting", "done"].includes(stateOf(tag))) {
    sound("later");
    announce("later", say("这件已经扫过了，不用再扫。", "This one was scanned before; nothing more to do."));
    return;
  }
  if (now.parcel && isComplete() && now.parcel.tag !== tag) {
    sound("later");
    announce("later", say("请先确认上一件，或点“重来”。", "First confirm the one before, or start over."));
    return;
  }
  if (now.parcel && now.parcel.text !== code.text) now.receipt = null;
  if (code.state === "good" && !known) Object.assign(code, { state: "later", why: "elsewhere" });
  if (code.state === "good" && known.epoch > code.epoch) Object.assign(code, { state: "later", why: "replaced" });
  now.parcel = { ...code, tag, known };
  now.at = new Date();
  if (now.receipt) return takeReceipt(now.receipt);
  sound(code.state);
  announce(code.state, code.state === "good" ? say("包裹对。请扫收件方的签收码。", "The parcel is right. Now the receipt of the receiving side.") : why(code.why));
  return draw();
}

function takeReceipt(code) {
  if (now.parcel?.tag && code.tag && now.parcel.tag !== code.tag) {
    now.receipt = null;
    draw();
    return refuse(why("unlike"));
  }
  if (now.parcel?.epoch && code.state === "good" && now.parcel.epoch !== code.epoch) Object.assign(code, { state: "later", why: "replaced" });
  now.receipt = code;
  now.at = new Date();
  const state = [now.parcel, code].some((one) => one?.state === "later") ? "later" : "good";
  sound(state);
  if (!now.parcel) announce(state, say("签收码读到了。请扫包裹上的码。", "Receipt read. Now the code on the parcel."));
  else if (state === "good") announce("good", say("两个码都对。请确认。", "Both codes are right. Please confirm."));
  else announce("later", why(code.why || now.parcel.why));
  return draw();
}

function clear() {
  Object.assign(now, { parcel: null, receipt: null, place: "" });
  pad.clear();
  part("place-said").textContent = "";
  more.reset();
  part("receiver-name").hidden = true;
  part("notes").open = false;
  draw();
}

const isComplete = () => Boolean(now.parcel && (now.receipt || now.parcel.known?.label_alone));

function draw() {
  const { parcel, receipt } = now;
  const alone = Boolean(parcel?.known?.label_alone);
  showStep("parcel", parcel?.state ?? "", parcel ? title(parcel.known) || parcel.text.slice(0, 13) : say("还没有扫", "not yet"));
  showStep("receipt", receipt?.state ?? "", receipt ? (receipt.state === "good" ? say("已核对", "checked") : say("上传时核对", "checked when sent"))
    : alone ? say("您就是收件方，不用扫", "you are the receiving side") : say("还没有扫", "not yet"));
  part("open").hidden = camera.isOpen || isComplete();
  part("confirm").hidden = !isComplete();
  part("absent").hidden = part("refuse").hidden = !parcel;
  part("clear").hidden = !parcel && !receipt;
  part("undo").hidden = !now.waiting.some((one) => one.nonce === now.last && !one.tried);
  if (parcel && more.hidden) document.getElementById("stage").scrollIntoView({ block: "start" });
  more.hidden = !parcel;
}

// --- keeping ------------------------------------------------------------------------------------------------------------

// A time copied from paper is by the village's clock; the server will correct it as it corrects this phone's.
function happenedAt() {
  const copied = more.elements.happened.value;
  return copied ? new Date(Date.parse(`${copied}+08:00`) + (now.pack?.ahead ?? 0)) : now.at;
}

async function keep(action) {
  const { parcel, receipt } = now;
  const entry = (name) => more.elements[name].value.replace(/[\s\x00-\x1f\x7f]+/g, " ").trim();
  if (action !== "hand_over" && !entry("note")) {
    part("notes").open = true;
    more.elements.note.focus();
    return refuse(say("请先写一句原因。", "Please write down why, first."));
  }
  const receiver = action === "hand_over" ? entry("receiver") : "";
  const photo = part("more").querySelector("[type=file]").files[0];
  const picture = await pictured(photo, pad).catch(() => null);
  if (photo && !picture) return refuse(say("这张照片打不开，请换一张。", "This photo cannot be opened. Take another."));
  const proof = action === "hand_over" && receipt ? [parcel, receipt] : [parcel];
  const scan = {
    token: parcel.text, recipient_code: (action === "hand_over" && receipt?.text) || "", action,
    occurred_at: happenedAt().toISOString(), kept_at: Date.now(), tag: parcel.tag,
    title: title(parcel.known) || say("清单外的包裹", "A parcel that is not in the list"),
    check: proof.every((one) => one.state === "good") ? "good" : "later",
    evidence: {
      note: entry("note"), receiver, ...(receiver === "authorised" && { receiver_name: entry("receiver_name") }),
      ...(picture && { photo: true }), ...(now.place && { place: now.place }),
    },
  };
  now.last = await store.add(scan, picture);
  setTimeout(() => sync.soon(), UNDO_MS + 200);
  sound("good");
  clear();
  announce("good", say(`记下了：${scan.title}。`, `Kept: ${scan.title}.`));
  return redraw();
}

// One drawing at a time; what changes meanwhile is drawn after it.
let drawing = null;
let isStale = false;
function redraw() {
  isStale = true;
  drawing ??= (async () => {
    while (isStale) {
      isStale = false;
      await drawAll();
    }
    drawing = null;
  })();
  return drawing;
}

async function drawAll() {
  [now.pack, now.waiting, now.answers] = [await store.pack(), await store.queue(), await store.answers()];
  now.chosen = now.pack?.chosen ?? [];
  showQueue(now.waiting, undo, async (nonce) => { await store.markStuck(nonce, ""); sync.now(); });
  showAnswers(now.answers);
  showParcels(now.pack, (parcel) => stateOf(parcel.tag), now.chosen);
  showUntil(now.pack);
  part("strangers").hidden = (await store.strangers()) === 0;
  draw();
}

async function undo(nonce) {
  if (await store.undo(nonce)) announce("", say("撤销了，没有上传。", "Taken back; it was not sent."));
  else refuse(say("已经上传，不能撤销。请告诉协调员。", "It was sent and cannot be taken back. Tell the coordinator."));
}

// --- the round ----------------------------------------------------------------------------------------------------------

async function load() {
  const query = new URLSearchParams(now.chosen.map((code) => ["township", code]));
  try {
    const pack = await sync.load(`${told.pack}?${query}`, now.chosen);
    if (pack) now.keys = await verifiers(pack.keys);
  } catch {
    announce("", say("现在装载不了，手机上的清单照常用。", "It cannot be loaded now; the list on this phone is still good."));
  }
}

// --- hands --------------------------------------------------------------------------------------------------------------

const camera = new Camera(document.querySelector("#round-camera video"), told.wasm, take);
camera.video.addEventListener("mw:stopped", () => { part("camera").hidden = true; draw(); });
part("open").addEventListener("click", async () => {
  part("camera").hidden = false;
  sound("later");
  try {
    await camera.start();
    announce("", say("对准包裹上的二维码。", "Point at the code on the parcel."));
  } catch {
    part("camera").hidden = true;
    announce("bad", say("摄像头打不开。请用扫码枪或手输下面的码，或在系统浏览器里打开。", "The camera cannot be opened. Use a scanner gun or type the code below, or open this page in the system browser."));
  }
  draw();
});
typed.addEventListener("submit", async (event) => {
  event.preventDefault();
  const entry = typed.elements.typed;
  const text = entry.value.trim();
  entry.value = "";
  if (text) await take(text);
  else if (!part("confirm").hidden) await keep("hand_over");
});
for (const [name, action] of [["confirm", "hand_over"], ["refuse", "refuse"], ["absent", "absent"]]) {
  part(name).addEventListener("click", async (event) => {
    event.currentTarget.disabled = true;
    try { await keep(action); } finally { part(name).disabled = false; }
  });
}
part("clear").addEventListener("click", () => { clear(); announce("", ""); });
part("undo").addEventListener("click", () => undo(now.last));
part("send").addEventListener("click", () => sync.now({ all: true }));
part("load").addEventListener("click", load);
part("towns").addEventListener("change", () => {
  now.chosen = [...part("towns").querySelectorAll(":checked")].map((tick) => tick.value);
  load();
});
part("sign-clear").addEventListener("click", () => pad.clear());
part("place").addEventListener("click", async () => {
  part("place-said").textContent = say("正在找……", "Looking …");
  try {
    now.place = await roughly();
    part("place-said").textContent = say("记下了，只到约五公里。", "Noted, to some five kilometres.");
  } catch {
    part("place-said").textContent = say("找不到位置，不记也可以。", "No position was found; it may be left out.");
  }
});
more.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("change", () => { part("receiver-name").hidden = more.elements.receiver.value !== "authorised"; });
// A scanner gun is a keyboard that nobody aims: what it types goes into the entry, wherever the focus is.
document.addEventListener("keydown", (event) => {
  const isWriting = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  if (!isWriting && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) typed.elements.typed.focus();
});
document.querySelector("[data-sign-out]")?.addEventListener("submit", () => store.dropPacks());
window.addEventListener("online", network);
window.addEventListener("offline", network);

// --- begin --------------------------------------------------------------------------------------------------------------

part("wechat").hidden = !/MicroMessenger/i.test(navigator.userAgent);
if (localStorage.getItem("mw-round-left")) {
  await store.dropPacks(); // somebody signed out since: the list is for whoever signs in, and is loaded anew
  localStorage.removeItem("mw-round-left");
}
onChange(redraw);
network();
announce("", say("先扫包裹，再扫签收码。", "Scan the parcel first, then the receipt."));
now.keys = await verifiers((await store.pack())?.keys);
await redraw();
navigator.storage?.persist?.();
navigator.serviceWorker?.register(told.worker).catch(() => undefined); // without signal the worker that is there goes on
setInterval(redraw, 60_000);
sync.start();
if (navigator.onLine) await load();
