// Decisions by one key on the entry at hand (or the only one of the page): a accepts, e corrects, c records a consent, m merges,
// b keeps both, r refuses. j and k move.
// They rest where single keys were switched off (see the help of the lists).

const OFF = "mw-keys-off";

function isOff() {
  try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
}

function atHand() {
  const rows = [...document.querySelectorAll("[data-decide] [data-row]")];
  if (!rows.length) return document;
  return rows.find((row) => row.hasAttribute("data-here")) ?? document.activeElement?.closest("[data-row]") ?? rows[0];
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isOff() || document.querySelector("dialog[open]")) return;
  if (event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  if (!["a", "b", "c", "e", "m", "r"].includes(event.key)) return;
  const part = atHand().querySelector(`[data-key="${event.key}"]`);
  if (!part) return;
  event.preventDefault();
  if (event.key === "e") { part.click(); return; }
  const details = part.querySelector("details");
  if (details) {
    details.open = true;
    details.querySelector("form select, form textarea, form button")?.focus();
  } else {
    part.querySelector("button").click();
  }
});

// After a decision the page comes back at the next entry: it is the one at hand.
const next = location.hash.startsWith("#row-") && document.querySelector(`${location.hash}[data-row]`);
if (next) {
  next.setAttribute("data-here", "");
  next.scrollIntoView({ block: "start" });
  next.querySelector("[data-open]")?.focus({ preventScroll: true });
}

document.querySelectorAll(".tabs [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));
