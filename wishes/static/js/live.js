// Parts of a page that keep themselves fresh: <div id=… data-live="/url" data-live-every="2">. The answer is the same
// element again; when it comes back without data-live the work is over and asking stops. Asking rests while the page is
// hidden and slows down while the server does not answer.

const SLOWEST_S = 60;
const parser = new DOMParser();

function keep(part) {
  const every = Math.max(Number(part.dataset.liveEvery) || 2, 1);
  let wait = every;
  let seen = "";

  async function ask() {
    if (!part.isConnected) return;
    if (document.hidden) {
      document.addEventListener("visibilitychange", ask, { once: true });
      return;
    }
    try {
      const answer = await fetch(part.dataset.live, { headers: { "X-Requested-With": "live" }, credentials: "same-origin" });
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) return;
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const fresh = parser.parseFromString(await answer.text(), "text/html").getElementById(part.id);
      wait = every;
      if (fresh && fresh.innerHTML !== seen) {
        if (part.contains(document.activeElement)) { setTimeout(ask, wait * 1000); return; }
        seen = fresh.innerHTML;
        part.replaceChildren(...fresh.childNodes);
        part.dispatchEvent(new CustomEvent("mw:fresh", { bubbles: true }));
      }
      if (fresh && !fresh.dataset.live) {
        part.removeAttribute("data-live");
        part.dispatchEvent(new CustomEvent("mw:finished", { bubbles: true }));
        return;
      }
    } catch {
      wait = Math.min(wait * 2, SLOWEST_S);
    }
    setTimeout(ask, wait * 1000);
  }
  setTimeout(ask, wait * 1000);
}

document.querySelectorAll("[data-live]").forEach(keep);
