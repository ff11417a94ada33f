// Unsent entries of a form with data-draft stay on the phone, so that a village without signal costs no work.
// Never kept: what says who a child is (data-no-draft), passwords, hidden values, files. Drafts end with sending, with
// signing out, and after a week.

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const PREFIX = "mw-draft:";
const SENT = "mw-draft-sent";
const KEPT_MS = 7 * 24 * 3600 * 1000;

const store = (() => {
  try {
    localStorage.setItem(`${PREFIX}probe`, "1");
    localStorage.removeItem(`${PREFIX}probe`);
    return localStorage;
  } catch { return null; }
})();

const keepable = (field) => field.name && !field.closest("[data-no-draft]")
  && !["password", "hidden", "file", "submit", "button", "reset"].includes(field.type);
const fields = (form) => [...form.elements].filter(keepable);

function read(form) {
  return fields(form).map((field) => [field.name, field.type, field.value, field.checked ?? null]);
}

function untouched(form) {
  return fields(form).every((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked === field.defaultChecked;
    if (field.options) return [...field.options].every((option) => option.selected === option.defaultSelected) || field.selectedIndex === 0;
    return field.value === field.defaultValue;
  });
}

function fill(form, values) {
  const left = fields(form);
  for (const [name, type, value, checked] of values) {
    const tickable = type === "checkbox" || type === "radio";
    const at = left.findIndex((field) => field.name === name && field.type === type && (!tickable || field.value === value));
    if (at < 0) continue;
    const [field] = left.splice(at, 1);
    if (tickable) field.checked = checked;
    else field.value = value;
  }
}

function note(form, forget) {
  const box = Object.assign(document.createElement("div"), { className: "alert alert--info draft-note" });
  box.setAttribute("role", "status");
  const words = Object.assign(document.createElement("p"), { textContent: say("已找回上次没有提交的内容。", "Your unsent entries are back.") });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-quiet btn-sm", textContent: say("清空重填", "Start afresh") });
  button.addEventListener("click", () => { forget(); form.reset(); box.remove(); });
  box.append(words, button);
  form.prepend(box);
}

function wipe(isDue) {
  for (const key of Object.keys(store)) {
    if (!key.startsWith(PREFIX)) continue;
    let kept = null;
    try { kept = JSON.parse(store.getItem(key)); } catch { kept = null; }
    if (!kept || isDue(kept)) store.removeItem(key);
  }
}

if (store) {
  wipe((kept) => Date.now() - kept.at > KEPT_MS);
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  const sentBack = (key) => document.querySelector(`form[data-draft="${CSS.escape(key)}"] [aria-invalid]`);
  if (sent && !sentBack(sent)) store.removeItem(PREFIX + sent);

  for (const form of document.querySelectorAll("form[data-draft]")) {
    const key = PREFIX + form.dataset.draft;
    const forget = () => store.removeItem(key);
    const kept = store.getItem(key);
    if (kept && untouched(form) && !form.querySelector("[aria-invalid]")) {
      fill(form, JSON.parse(kept).values);
      note(form, forget);
    }
    let timer = 0;
    const save = () => store.setItem(key, JSON.stringify({ at: Date.now(), values: read(form) }));
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 400); });
    form.addEventListener("submit", (event) => {
      clearTimeout(timer);
      save();
      if (!navigator.onLine) {
        event.preventDefault();
        event.stopImmediatePropagation();
        window.dispatchEvent(new CustomEvent("mw:toast", { detail: {
          text: say("现在没有网络。内容已存在这台手机上，有信号时再提交。", "No network now. Your entries are kept on this phone; send them when there is signal."), tone: "warn" } }));
        return;
      }
      sessionStorage.setItem(SENT, form.dataset.draft);
    });
  }
  document.querySelector("[data-sign-out]")?.addEventListener("submit", () => {
    wipe(() => true);
    globalThis.caches?.keys().then((names) => names.filter((name) => name.startsWith("mw-")).forEach((name) => caches.delete(name)));
    store.setItem("mw-round-left", "1"); // the courier's page forgets its list, and keeps what was not sent
  });
}
