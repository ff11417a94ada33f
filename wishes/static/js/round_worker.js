// The round opens without signal. Kept: the page as it was made for this person, and every file it is made of, all of one
// version, which the page's address of this worker names. What is scanned is not here but sealed in the page's own store.

const VERSION = new URL(self.location).searchParams.get("v");
const KEPT = `mw-round-${VERSION}`;
const PAGE = new URL("./", self.location).pathname;
const PATIENCE_MS = 4_000;

const linked = (html) => [...html.matchAll(/(?:src|href|data-[a-z0-9-]+)="(\/[^"#]*)"/g)]
  .map((found) => found[1].replaceAll("&amp;", "&"))
  .filter((url) => url.includes(`/parts/${VERSION}/`) || /[?&]v=/.test(url) && !url.includes("worker.js"));

async function got(url) {
  const answer = await fetch(url, { credentials: "same-origin", cache: "no-cache" });
  if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
  return answer;
}

// All or nothing: with a part missing, the version before stays.
async function keepAll() {
  const page = await got(PAGE);
  const html = await page.clone().text();
  if (!html.includes(`/parts/${VERSION}/`)) throw new Error("the page is of another version");
  const box = await caches.open(KEPT);
  await Promise.all(linked(html).map(async (url) => {
    const part = await got(url);
    await box.put(url, part.clone());
    if (!/\.css(\?|$)/.test(url)) return;
    for (const [, name] of (await part.text()).matchAll(/url\("([^"]+)"\)/g)) {
      const named = new URL(name, new URL(url, self.location));
      if (named.origin === self.location.origin) await box.put(named.pathname, await got(named.pathname));
    }
  }));
  await box.put(PAGE, page);
}

self.addEventListener("install", (event) => event.waitUntil(keepAll().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("mw-round-") && name !== KEPT) await caches.delete(name);
  }
  await self.clients.claim();
})()));

async function page(event) {
  const kept = await caches.match(PAGE, { cacheName: KEPT });
  const asked = fetch(event.request).then(async (answer) => {
    if (answer.ok && !answer.redirected) {
      const copy = answer.clone();
      const fits = (await answer.clone().text()).includes(`/parts/${VERSION}/`);
      if (fits) await (await caches.open(KEPT)).put(PAGE, copy);
    }
    return answer;
  });
  if (!kept) return asked;
  event.waitUntil(asked.catch(() => undefined));
  const late = new Promise((give) => setTimeout(give, PATIENCE_MS, null));
  return (await Promise.race([asked.catch(() => null), late])) ?? kept;
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    if (url.pathname === PAGE) event.respondWith(page(event));
  } else if (/[?&]v=/.test(url.search) || url.pathname.includes("/parts/") || url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(event.request, { cacheName: KEPT }).then((kept) => kept ?? fetch(event.request)));
  }
});
