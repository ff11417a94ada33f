// Reads the two codes of a hand-over with the camera: first the parcel's, then the receipt. Without a camera the form
// takes typed or pasted codes. The reader is the browser's own where it has one, else the vendored one, served from here.

import { Camera } from "./camera.js";

const box = document.querySelector("[data-scanner]");
const start = document.querySelector("[data-scanner-start]");
const form = document.getElementById("hand-over");
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

const label = form.elements.label;
const receipt = form.elements.receipt;
const state = box.querySelector("[data-scanner-state]");
const video = box.querySelector("video");
const camera = new Camera(video, box.dataset.wasm, take);

// The third byte of a token says which of the two it is; five base32 characters hold the first three bytes.
function kindOf(text) {
  const token = text.trim().replace(/^https?:\/\/[^/]+\/h\//i, "").toUpperCase();
  if (!/^[A-Z2-7]{125}$/.test(token)) return null;
  const bits = [...token.slice(0, 5)].reduce((sum, letter) => sum * 32 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter), 0);
  return { token, kind: String.fromCharCode((bits >> 1) & 255) };
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
    camera.stop();
    form.requestSubmit();
  }
}

// What is wrong with the phone's clock is wrong with both times: sent together, the difference is right.
form.addEventListener("submit", () => {
  form.querySelector("[data-sent-at]").value = new Date().toISOString();
});

video.addEventListener("mw:stopped", () => {
  box.hidden = true;
  start.hidden = false;
});

start.addEventListener("click", async () => {
  box.hidden = false;
  start.hidden = true;
  try {
    await camera.start();
  } catch (problem) {
    camera.stop();
    start.insertAdjacentHTML("afterend", "<p class='lead' role='alert'></p>");
    start.nextElementSibling.textContent = say("摄像头打不开。请在下面输入签收码，或用系统浏览器打开本页。",
      "The camera cannot be opened. Type the receipt code below, or open this page in the system browser.");
  }
});
