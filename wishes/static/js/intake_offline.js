// The form for one wish opens without signal. Kept: that page as it is when nothing is typed, and the files it is made of.
// Nothing that anybody typed. Signing out empties it.

const KEPT = "mw-entry";
const PATIENCE_MS = 4000;
const isForm = (url) => url.pathname.endsWith("/import/new");
const isPart = (url) => url.origin === location.origin && (url.searchParams.has("v") || /\.svg$/.test(url.pathname));

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(key, answer) {
  if (!answer.ok || answer.redirected) return;
  const box = await caches.open(KEPT);
  const url = new URL(key, location.origin);
  for (const old of await box.keys()) {
    const other = new URL(old.url);
    if (other.pathname === url.pathname && other.href !== url.href) await box.delete(old);
  }
  await box.put(key, answer.clone());
}

const late = () => new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PATIENCE_MS));

async function form(request) {
  const kept = await caches.match(new URL(request.url).pathname);
  try {
    const asked = fetch(request).then(async (answer) => {
      await keep(new URL(request.url).pathname, answer);
      return answer;
    });
    return await (kept ? Promise.race([asked, late()]) : asked);
  } catch (problem) {
    if (kept) return kept;
    throw problem;
  }
}

async function part(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  await keep(request.url, answer);
  return answer;
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && isForm(url)) event.respondWith(form(event.request));
  else if (event.request.mode !== "navigate" && isPart(url)) event.respondWith(part(event.request));
});

// The first visit came before this worker: the page says what it is made of.
self.addEventListener("message", (event) => {
  const wanted = event.data?.keep ?? [];
  event.waitUntil(Promise.all(wanted.map(async (url) => {
    if (!(await caches.match(url))) await keep(url, await fetch(url, { credentials: "same-origin" }));
  })).catch(() => undefined));
});
