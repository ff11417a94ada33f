// What every page shares: menus that close, messages that go away, copying, dialogs, files by name, no double sending.
// Nothing here is needed for a page to work.

const root = document.documentElement;
root.classList.add("js");
const zh = root.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

function toast(text, tone = "info") {
  let tray = document.querySelector(".toasts");
  if (!tray) {
    tray = document.createElement("div");
    tray.className = "toasts";
    tray.setAttribute("role", "status");
    document.body.append(tray);
  }
  const note = document.createElement("div");
  note.className = `alert toast-note alert--${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  note.append(words);
  tray.append(note);
  setTimeout(() => note.remove(), 6000);
}
window.addEventListener("mw:toast", (event) => toast(event.detail.text, event.detail.tone));

function closable(message) {
  if (message.querySelector(".alert__close")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "alert__close";
  button.setAttribute("aria-label", say("关闭这条消息", "Dismiss"));
  button.textContent = "×";
  button.addEventListener("click", () => message.remove());
  message.append(button);
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // WeChat's browser may refuse the clipboard: select the value, so that a long press copies it.
    const value = button.closest(".copy")?.querySelector(".copy__value");
    if (value) getSelection().selectAllChildren(value);
    toast(say("已选中，长按即可复制", "Selected: press and hold to copy"));
    return;
  }
  toast(say("已复制", "Copied"), "good");
}

function openDialog(dialog, opener) {
  if (!dialog.showModal) return false;
  dialog.showModal();
  dialog.addEventListener("close", () => opener?.focus(), { once: true });
  return true;
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

function listFiles(input) {
  const list = input.closest(".field")?.querySelector("[data-files]");
  if (!list) return;
  const rows = [...input.files].slice(0, 20).map((file) => [file.name, size(file.size)]);
  if (input.files.length > 20) rows.push([say(`……共 ${input.files.length} 个文件`, `… ${input.files.length} files in all`), ""]);
  list.replaceChildren(...rows.map((row) => {
    const item = document.createElement("li");
    item.append(...row.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
    return item;
  }));
}

function dress(part) {
  part.querySelectorAll("[data-dismiss]").forEach(closable);
  part.querySelectorAll('[data-dialog]').forEach((link) => link.setAttribute("role", "button"));
}
dress(document);
window.addEventListener("mw:fresh", (event) => dress(event.target));
document.querySelector("[data-focus]")?.focus();

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy], [data-dialog], [data-close-dialog], [data-close-details], [data-language]");
  for (const menu of document.querySelectorAll(".account[open], .tabbar__more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target instanceof HTMLDialogElement) event.target.close();
  if (!target) return;
  if (target.dataset.copy !== undefined) copy(target);
  else if (target.dataset.dialog) {
    if (openDialog(document.getElementById(target.dataset.dialog), target)) event.preventDefault();
  } else if (target.dataset.closeDialog !== undefined) {
    const dialog = target.closest("dialog");
    if (dialog?.open) { event.preventDefault(); dialog.close(); }
  } else if (target.dataset.closeDetails !== undefined) {
    const details = target.closest("details");
    details.open = false;
    details.querySelector("summary").focus();
  } else if (target.dataset.language !== undefined && location.hash) {
    target.hash = location.hash;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.('a[role="button"]')) {
    event.preventDefault();
    event.target.click();
  }
  if (event.key !== "Escape") return;
  const open = event.target.closest?.("details[open]");
  if (open?.matches(".confirm, .account, .tabbar__more")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

document.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  const output = event.target.closest(".field")?.querySelector("output");
  if (output) output.textContent = event.target.value + (output.dataset.unit ?? "");
});

document.addEventListener("change", (event) => {
  if (event.target.type === "file") listFiles(event.target);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.target.closest?.("[data-dropzone]")?.classList.toggle("dropzone--over", kind === "dragover");
  });
}

// A second tap on a slow network would send twice. The server takes repeats kindly; this keeps them rare.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) { event.preventDefault(); return; }
  form.dataset.sending = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-sending]").forEach((form) => delete form.dataset.sending);
  document.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
});
