// Reads the two codes of a hand-over with the camera: first the parcel's, then the receipt. Without a camera the form
// takes typed or pasted codes. The reader is the browser's own where it has one, else the vendored one, served from here.

const box = document.querySelector("[data-scanner]");
const start = document.querySelector("[data-scanner-start]");
const form = document.getElementById("hand-over");
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

const label = form.elements.label;
const receipt = form.elements.receipt;
const state = box.querySelector("[data-scanner-state]");
const video = box.querySelector("video");
let stream = null;

// The third byte of a token says which of the two it is; five base32 characters hold the first three bytes.
function kindOf(text) {
  const token = text.trim().replace(/^https?:\/\/[^/]+\/h\//i, "").toUpperCase();
  if (!/^[A-Z2-7]{125}$/.test(token)) return null;
  const bits = [...token.slice(0, 5)].reduce((sum, letter) => sum * 32 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter), 0);
  return { token, kind: String.fromCharCode((bits >> 1) & 255) };
}

async function detector() {
  if ("BarcodeDetector" in window && (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    return new window.BarcodeDetector({ formats: ["qr_code"] });
  }
  const reader = window.BarcodeDetectionAPI;
  reader.prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? box.dataset.wasm : prefix + path) } });
  return new reader.BarcodeDetector({ formats: ["qr_code"] });
}

function take(text) {
  const found = kindOf(text);
  if (!found) {
    state.textContent = say("这不是本平台的码", "That is not one of our codes");
    return;
  }
  if (found.kind === "L") {
    label.value = found.token;
    state.textContent = say("包裹码已读到，请扫签收码", "Parcel read. Now scan the receipt");
  } else {
    receipt.value = found.token;
    state.textContent = say("签收码已读到", "Receipt read");
  }
  form.querySelector("[data-scanned-at]").value = new Date().toISOString();
  if (navigator.vibrate) navigator.vibrate(60);
  if ((label.value || form.elements.code) && receipt.value) {
    stop();
    form.requestSubmit();
  }
}

function stop() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
}

async function watch(eye) {
  let last = "";
  while (stream) {
    const codes = video.readyState >= 2 ? await eye.detect(video) : [];
    for (const code of codes) {
      if (code.rawValue !== last) {
        last = code.rawValue;
        take(code.rawValue);
      }
    }
    await new Promise((next) => setTimeout(next, 120));
  }
}

start.addEventListener("click", async () => {
  box.hidden = false;
  start.hidden = true;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    video.srcObject = stream;
    await video.play();
    await watch(await detector());
  } catch (problem) {
    box.hidden = true;
    start.hidden = false;
    start.insertAdjacentHTML("afterend", "<p class='lead' role='alert'></p>");
    start.nextElementSibling.textContent = say("摄像头打不开。请在下面输入签收码，或用系统浏览器打开本页。",
      "The camera cannot be opened. Type the receipt code below, or open this page in the system browser.");
  }
});
window.addEventListener("pagehide", stop);
