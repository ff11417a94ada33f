// The two codes of a hand-over, read and checked without the server: the same format as wishes/handover/tokens.py.

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PAYLOAD_BYTES = 14;
const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function decoded(text) {
  if (!/^[A-Z2-7]{125}$/.test(text) || BASE32.indexOf(text[124]) % 2) return null; // one spelling only: the last bit is zero
  const bytes = new Uint8Array(78);
  let bits = 0, held = 0, at = 0;
  for (const letter of text) {
    held = (held << 5) | BASE32.indexOf(letter);
    bits += 5;
    if (bits >= 8) { bits -= 8; bytes[at++] = (held >> bits) & 255; held &= (1 << bits) - 1; }
  }
  return bytes;
}

function checkDigit(digits) {
  return digits.reduceRight((total, digit) => {
    const doubled = (total ^ digit) << 1;
    return doubled & 32 ? doubled ^ 0b100101 : doubled;
  }, 0);
}

// "ABCD-EFGH-JKM" for what somebody typed, null when it cannot be one: look-alikes, spaces and dashes are forgiven.
export function shortCode(typed) {
  const plain = typed.normalize("NFKC").toUpperCase().replace(/[\s\-‐-―−_.]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const digits = [...plain].map((letter) => CROCKFORD.indexOf(letter));
  if (digits.length !== 11 || digits.includes(-1) || checkDigit(digits.slice(0, -1)) !== digits.at(-1)) return null;
  return `${plain.slice(0, 4)}-${plain.slice(4, 8)}-${plain.slice(8)}`;
}

// Eight hex digits by which a round knows a label's short code again; they do not give the code away.
export async function markOf(code) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`microwish round mark\0${code}`));
  return hex(new Uint8Array(digest).slice(0, 4));
}

// The public keys of a round (a JSON Web Key Set) as verifiers by key number.
export async function verifiers(keys) {
  const found = new Map();
  for (const { kid, x } of keys?.keys ?? []) found.set(Number(kid), await verifier(x));
  return found;
}

// A browser without Ed25519 (before Chrome 137, Safari 17, Firefox 129) checks with the vendored arithmetic.
async function verifier(x) {
  const raw = Uint8Array.from(atob(x.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  try {
    const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    return (signature, payload) => crypto.subtle.verify("Ed25519", key, signature, payload);
  } catch (problem) {
    if (problem.name !== "NotSupportedError") throw problem;
    const { verifyAsync } = await import(document.querySelector("[data-ed25519]").dataset.ed25519);
    return (signature, payload) => verifyAsync(signature, payload, raw, { zip215: false });
  }
}

// What was read: {kind: "label" | "receipt" | "short", state: "good" | "later" | "bad", why, text, tag, epoch}.
// "later" is kept and checked by the server when it is sent; "bad" is none of our codes.
export async function read(scanned, keys, now) {
  const text = scanned.trim().replace(/^https?:\/\/[^/?#]+\/h\//i, "").toUpperCase();
  const short = shortCode(text);
  if (short) return { kind: "short", state: "later", why: "typed", text: short, mark: await markOf(short) };
  const bytes = decoded(text);
  if (!bytes || bytes[0] !== 1) return { kind: "", state: "bad", why: /^[0-9A-Z\-\s]{9,14}$/.test(text) ? "misread" : "foreign" };
  const kind = { L: "label", R: "receipt" }[String.fromCharCode(bytes[2])];
  const verify = keys.get(bytes[1]);
  const found = {
    kind, text, tag: hex(bytes.slice(3, 11)), epoch: bytes[11], state: "good", why: "",
  };
  if (!verify) return kind ? { ...found, state: "later", why: "key" } : { kind: "", state: "bad", why: "foreign" };
  if (!(await verify(bytes.slice(PAYLOAD_BYTES), bytes.slice(0, PAYLOAD_BYTES)))) return { ...found, state: "bad", why: "forged" };
  if (!kind) return { ...found, kind: "", state: "bad", why: "foreign" };
  const expires = (bytes[12] * 256 + bytes[13] + 1) * DAY_MS - SHANGHAI_MS;
  return now >= expires ? { ...found, state: "later", why: "expired" } : found;
}
