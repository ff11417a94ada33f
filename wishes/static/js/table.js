// Lists by keyboard: j/k move, x tick, Enter open, / search, ? help. And ticking many rows at once.
// Single-letter keys can be switched off in the help (WCAG 2.1.4); the choice stays on this device.

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);
const OFF = "mw-keys-off";

function isOff() {
  try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
}

function switchKeys(off) {
  try { off ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF); } catch { /* private browsing: for this page only */ }
}

const rows = () => [...document.querySelectorAll("[data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => row.hasAttribute("data-here"));
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
  all[here]?.removeAttribute("data-here");
  all[next].setAttribute("data-here", "");
  const focus = all[next].querySelector("[data-open], a, input, button");
  focus?.focus({ preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
}

function current() {
  return document.querySelector("[data-row][data-here]") ?? document.activeElement?.closest("[data-row]");
}

function count(form) {
  const boxes = [...form.querySelectorAll("[data-row] input[type=checkbox]")];
  const ticked = boxes.filter((box) => box.checked);
  boxes.forEach((box) => box.closest("[data-row]").toggleAttribute("data-ticked", box.checked));
  form.toggleAttribute("data-some", ticked.length > 0);
  const all = form.querySelector("[data-tick-all]");
  if (all) {
    all.checked = boxes.length > 0 && ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
  }
  const words = form.querySelector("[data-bulk-count]");
  if (words) {
    words.textContent = ticked.length
      ? say(`已勾选 ${ticked.length} 条`, `${ticked.length} selected`)
      : say("勾选后一起处理", "Tick rows to act on them together");
  }
}

function help() {
  let dialog = document.getElementById("keys-help");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys-help";
    dialog.className = "dialog";
    dialog.setAttribute("aria-labelledby", "keys-help-title");
    const keys = [["j", say("下一行", "Next row")], ["k", say("上一行", "Previous row")], ["x", say("勾选这一行", "Tick the row")],
      ["Enter", say("打开", "Open")], ["/", say("搜索", "Search")], ["?", say("这份说明", "This help")]];
    const list = document.createElement("dl");
    list.className = "keys";
    for (const [key, meaning] of keys) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      list.append(term, Object.assign(document.createElement("dd"), { textContent: meaning }));
    }
    const head = Object.assign(document.createElement("div"), { className: "dialog__head" });
    head.append(Object.assign(document.createElement("h2"), { className: "dialog__title", id: "keys-help-title", textContent: say("键盘操作", "Keyboard") }));
    const body = Object.assign(document.createElement("div"), { className: "dialog__body" });
    const tick = Object.assign(document.createElement("div"), { className: "tick" });
    const box = Object.assign(document.createElement("input"), { type: "checkbox", id: "keys-off", className: "form-check-input", checked: isOff() });
    box.addEventListener("change", () => switchKeys(box.checked));
    const label = Object.assign(document.createElement("label"), { htmlFor: "keys-off", textContent: say("关闭单键操作（只留 ?）", "Switch single keys off (keep only ?)") });
    tick.append(box, label);
    const close = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-secondary", textContent: say("关闭", "Close") });
    close.addEventListener("click", () => dialog.close());
    body.append(list, tick, close);
    dialog.append(head, body);
    document.body.append(dialog);
  }
  dialog.showModal?.();
}

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector("input[type=checkbox]")?.click(),
  "/": () => document.querySelector("[data-search]")?.focus(),
};

if (document.querySelector("[data-rows]")) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape" && event.target.matches("[data-search]")) event.target.blur();
      return;
    }
    if (event.key === "?") { event.preventDefault(); help(); return; }
    if (isOff() || !(event.key in ACTIONS)) return;
    event.preventDefault();
    ACTIONS[event.key]();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (!row) return;
    rows().forEach((other) => other.toggleAttribute("data-here", other === row));
  });
}

for (const form of document.querySelectorAll("[data-bulk]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      form.querySelectorAll("[data-row] input[type=checkbox]").forEach((box) => { box.checked = event.target.checked; });
    }
    count(form);
  });
  form.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".confirm[open]")) event.target.scrollIntoView({ block: "nearest" });
  }, true);
  count(form);
}
window.addEventListener("pageshow", () => document.querySelectorAll("[data-bulk]").forEach(count));
