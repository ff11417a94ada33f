// One wish at a time where signal is poor. What is typed survives a reload; what is entered waits on this phone and is sent
// once: each entry has a key of its own by which the server knows it again. All of it is under draft.js's prefix, so that
// signing out takes it away, and it is the signed-in person's: what another one left is removed unread.

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const PREFIX = "mw-draft:wish:";
const KEPT_MS = 7 * 24 * 3600 * 1000;
const PATIENCE_MS = 20000;
const RETRY_MS = 20000;

const box = document.querySelector("[data-outbox]");
const form = document.getElementById("one-wish");
const mine = `${PREFIX}${box.dataset.outbox}:`;
const store = (() => {
  try {
    localStorage.setItem(`${mine}probe`, "1");
    localStorage.removeItem(`${mine}probe`);
    return localStorage;
  } catch { return null; }
})();

// --- what is kept -------------------------------------------------------------------------------------------------------

const DRAFT = `${mine}draft`;
const keys = () => Object.keys(store).filter((key) => key.startsWith(`${mine}out:`)).sort();
const put = (key, value) => store.setItem(key, JSON.stringify(value));
function get(key) {
  try { return JSON.parse(store.getItem(key)); } catch { return null; }
}
const newKey = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function tidy() {
  for (const key of Object.keys(store)) {
    if (!key.startsWith(PREFIX)) continue;
    const kept = key.startsWith(mine) ? get(key) : null;
    if (!kept || Date.now() - kept.at > KEPT_MS) store.removeItem(key);
  }
}

// --- the form -----------------------------------------------------------------------------------------------------------

const SKIPPED = ["csrf_token", "key", "again"];
const entries = () => [...new FormData(form)].filter(([name, value]) => !SKIPPED.includes(name) && typeof value === "string");
const isTyped = (values) => values.some(([name, value]) => value && !["qty", "town", "community"].includes(name));

function fill(values) {
  form.reset();
  for (const field of form.elements) {
    if (!field.name || SKIPPED.includes(field.name) || field.type === "submit") continue;
    const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
    else if (given.length) [field.value] = given;
  }
}

function clearErrors() {
  form.querySelectorAll("[data-added]").forEach((part) => part.remove());
  form.parentElement.querySelectorAll(":scope > .alert--bad").forEach((part) => part.remove());
  form.querySelectorAll("[aria-invalid]").forEach((part) => part.removeAttribute("aria-invalid"));
}

function showErrors(errors, mayInsist) {
  clearErrors();
  const list = document.createElement("ul");
  for (const [name, words] of errors) {
    const field = document.getElementById(`f-${name}`);
    const link = Object.assign(document.createElement("a"), { href: `#f-${name}`, textContent: words });
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
    if (!field || document.getElementById(`f-${name}-error`)) continue;
    const line = Object.assign(document.createElement("p"), { className: "field__error", id: `f-${name}-error`, textContent: words });
    line.dataset.added = "";
    const control = field.matches("fieldset") ? field : field.closest(".field");
    control.querySelector(".field__label").after(line);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", line.id);
  }
  const alert = Object.assign(document.createElement("div"), { className: "alert alert--bad", tabIndex: -1 });
  alert.setAttribute("role", "alert");
  const title = Object.assign(document.createElement("p"), {
    className: "alert__title",
    textContent: say(`还有 ${errors.length} 处需要改一下`, errors.length === 1 ? "One thing needs a change" : `${errors.length} things need a change`),
  });
  const words = Object.assign(document.createElement("div"), { className: "alert__words" });
  words.append(title, list);
  alert.append(words);
  form.before(alert);
  form.querySelector("[data-insist]").hidden = !mayInsist;
  alert.focus();
}

// The field's label as it stands on the page, without the mark of what is required.
function labelOf(name) {
  const field = document.getElementById(`f-${name}`);
  const around = field?.matches("fieldset") ? field : field?.closest(".field");
  return around?.querySelector(".field__label").firstChild.textContent.trim() ?? "";
}

// What can be said without the server: the rest is judged there, by the campaign's rules.
function missing(values) {
  const told = Object.fromEntries(values);
  const errors = [...form.querySelectorAll("[required]")]
    .map((field) => field.name)
    .filter((name, at, all) => all.indexOf(name) === at && !told[name]?.trim())
    .map((name) => [name, say(`请填写：${labelOf(name)}`, `Please fill in: ${labelOf(name)}`)]);
  if (told.phone && !/^1\d{10}$/.test(told.phone.replace(/[\s-]/g, ""))) {
    errors.push(["phone", say("手机号应为 11 位。", "A mobile number has eleven digits.")]);
  }
  if (told.consent === "no") {
    errors.push(["consent", say("没有监护人同意不能登记。请先取得同意。", "Without the guardian's consent it cannot be taken.")]);
  }
  return errors;
}

function startAnew(values) {
  const stays = values.filter(([name]) => ["town", "community"].includes(name));
  fill(stays);
  clearErrors();
  form.querySelector("[data-insist]").hidden = true;
  store.removeItem(DRAFT);
}

// --- sending ------------------------------------------------------------------------------------------------------------

async function freshToken() {
  const answer = await fetch(box.dataset.form, { credentials: "same-origin", cache: "no-store", headers: { "X-Requested-With": "entry" } });
  if (answer.redirected || !answer.ok) return "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("#one-wish [name=csrf_token]")?.value ?? "";
}

let token = form?.elements.csrf_token.value ?? "";

// Answers waiting, signin, sent or refused.
async function send(key) {
  const kept = get(key);
  const body = new FormData();
  for (const [name, value] of kept.values) body.append(name, value);
  body.append("key", key.slice(key.lastIndexOf(":") + 1));
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    for (let tries = 0; tries < 2; tries += 1) {
      token ||= await freshToken();
      if (!token) return { state: "signin" };
      body.set("csrf_token", token);
      const answer = await fetch(box.dataset.send, {
        method: "POST", body, credentials: "same-origin", signal: stop.signal, redirect: "manual", headers: { Accept: "application/json" },
      });
      if (answer.status === 200) return { state: "sent", ...(await answer.json()), outcome: "sent" };
      if (answer.status === 422) return { state: "refused", ...(await answer.json()) };
      if (answer.status === 401 || answer.type === "opaqueredirect") return { state: "signin" };
      if (answer.status !== 400) return { state: "waiting" };
      token = ""; // the page stood open for too long, or came from this phone's memory
    }
    return { state: "signin" };
  } catch {
    return { state: "waiting" };
  } finally {
    clearTimeout(timer);
  }
}

let sending = null;
const toast = (text, tone) => window.dispatchEvent(new CustomEvent("mw:toast", { detail: { text, tone } }));

async function flush() {
  if (sending) return sending;
  sending = (async () => {
    for (const key of keys()) {
      const kept = get(key);
      if (kept.errors) continue;
      put(key, { ...kept, state: "sending" });
      show();
      const answer = await send(key);
      if (answer.outcome === "sent") {
        store.removeItem(key);
        toast(`${kept.title}：${answer.said}`, answer.state === "duplicate" ? "warn" : "good");
      } else if (answer.state === "refused") {
        put(key, { ...kept, state: "refused", errors: answer.errors, mayInsist: answer.may_insist });
      } else {
        put(key, { ...kept, state: answer.state });
        break; // the others would fare no better now
      }
    }
  })();
  await sending;
  sending = null;
  show();
  return undefined;
}

// --- what waits ---------------------------------------------------------------------------------------------------------

const STATE = {
  sending: say("正在发送", "being sent"),
  waiting: say("没有信号，等着发送", "no signal: waiting to be sent"),
  signin: say("需要重新登录才能发送", "sign in again to send it"),
  refused: say("需要修改", "needs a change"),
};

function button(label, act, kind = "secondary") {
  const made = Object.assign(document.createElement("button"), { type: "button", className: `btn btn-${kind} btn-sm`, textContent: label });
  made.addEventListener("click", act);
  return made;
}

function show() {
  const all = keys();
  if (!all.length) { box.replaceChildren(); return; }
  const panel = Object.assign(document.createElement("section"), { className: "panel outbox" });
  panel.setAttribute("role", "status");
  const title = Object.assign(document.createElement("h2"), {
    className: "outbox__title", textContent: say(`还在这台手机上：${all.length} 条`, `Still on this phone: ${all.length}`),
  });
  const list = Object.assign(document.createElement("ul"), { className: "intake-lines" });
  for (const key of all) {
    const kept = get(key);
    const row = Object.assign(document.createElement("li"), { className: "intake-word" });
    row.dataset.state = kept.state;
    const words = document.createElement("span");
    words.append(Object.assign(document.createElement("strong"), { textContent: kept.title }),
      Object.assign(document.createElement("span"), { className: "quiet-text", textContent: ` ${STATE[kept.state] ?? ""}` }));
    const acts = Object.assign(document.createElement("span"), { className: "outbox__acts" });
    if (kept.errors && form) acts.append(button(say("修改", "Change it"), () => takeBack(key)));
    if (kept.state !== "sending") {
      acts.append(button(say("删除", "Delete"), (event) => {
        if (event.target.dataset.sure) { store.removeItem(key); show(); return; }
        event.target.dataset.sure = "1";
        event.target.textContent = say("真的删除", "Really delete");
      }, "quiet"));
    }
    row.append(words, acts);
    list.append(row);
  }
  panel.append(title, list);
  const states = all.map((key) => get(key).state);
  if (states.includes("signin")) {
    const link = Object.assign(document.createElement("a"), { className: "btn btn-secondary", href: box.dataset.form, textContent: say("登录后发送", "Sign in and send") });
    panel.append(link);
  } else if (states.includes("waiting")) panel.append(button(say("现在发送", "Send now"), () => flush()));
  box.replaceChildren(panel);
}

function takeBack(key) {
  const kept = get(key);
  const typed = entries();
  if (isTyped(typed)) enter(typed); // what stands in the form is not lost for it
  store.removeItem(key);
  fill(kept.values);
  put(DRAFT, { at: Date.now(), values: kept.values });
  showErrors(kept.errors, kept.mayInsist);
  show();
}

function enter(values) {
  const told = Object.fromEntries(values);
  const key = `${mine}out:${String(Date.now()).padStart(14, "0")}:${newKey()}`;
  put(key, { at: Date.now(), values, state: "waiting", title: [told.wish, told.child].filter(Boolean).join(" · ") });
  return key;
}

// --- start --------------------------------------------------------------------------------------------------------------

if (store) {
  tidy();
  for (const key of keys()) {
    const kept = get(key);
    if (kept.state === "sending") put(key, { ...kept, state: "waiting" }); // the page was closed meanwhile
  }
  show();
  flush();
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  setInterval(() => { if (keys().length) flush(); }, RETRY_MS);
}

if (store && form) {
  const kept = get(DRAFT);
  if (kept && !form.querySelector("[aria-invalid]")) {
    fill(kept.values);
    toast(say("已找回上次没有登记的内容。", "Your unsent entries are back."), "info");
  }
  let timer = 0;
  const save = () => {
    const values = entries();
    if (isTyped(values)) put(DRAFT, { at: Date.now(), values });
    else store.removeItem(DRAFT);
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 250); });
  window.addEventListener("pagehide", () => { if (timer) save(); });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    clearTimeout(timer);
    timer = 0;
    const values = entries();
    const errors = missing(values);
    if (errors.length) { save(); showErrors(errors, false); return; }
    const key = enter(values);
    startAnew(values);
    show();
    await flush();
    const left = get(key);
    if (left?.errors && !isTyped(entries())) takeBack(key);
    else if (left) {
      toast(say("已存在这台手机上，有信号时自动发送。可以接着填下一个。", "Kept on this phone; it is sent when there is signal. You may enter the next one."), "warn");
      box.scrollIntoView({ block: "start" });
    } else form.querySelector("input:not([type=hidden])").focus();
  }, { capture: true });

  if ("serviceWorker" in navigator && box.dataset.worker) {
    navigator.serviceWorker.register(box.dataset.worker).then(() => navigator.serviceWorker.ready).then((worker) => {
      const parts = [...document.querySelectorAll("link[href][rel=stylesheet], script[src], img[src], link[rel=icon]")];
      worker.active?.postMessage({ keep: [location.pathname, ...parts.map((part) => part.href || part.src)] });
    }).catch(() => undefined); // without it the draft still stays; only the page itself needs signal
  }
}
