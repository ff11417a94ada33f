// The scanning desk. A scanner gun types into the one entry and ends with Enter; the camera and fingers fill the same entry. Each
// scan is answered with a colour, a sound and words, and the last one is undone with one tap. Without scripts the form works alone.

import { Camera, sound } from "./camera.js";

const desk = document.querySelector("[data-desk]");
const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

if (desk) {
  const form = desk.querySelector("form");
  const entry = form.elements.codes;
  const last = desk.querySelector("[data-desk-last]");
  const list = desk.querySelector("[data-desk-list]");
  const total = desk.querySelector("[data-desk-total]");
  const undoLast = desk.querySelector("[data-desk-undo]");
  const view = desk.querySelector("[data-desk-view]");
  const video = view.querySelector("video");
  const camera = desk.querySelector("[data-desk-camera]");
  const done = [];
  const SHOWN = 60;
  let queue = Promise.resolve();
  const TONES = { done: "good", already: "later", refused: "bad" };

  const task = () => ({
    mode: desk.dataset.mode,
    target: form.elements.target.value.trim(),
    apart: Boolean(form.elements.apart && form.elements.apart.checked),
  });

  async function send(url, body) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
      body: JSON.stringify(body),
    });
    if (answer.ok) return answer.json();
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || problem.title || say("没有记下，请重试", "Not noted: please try again"));
  }

  function show(outcome, words) {
    last.dataset.outcome = outcome;
    last.textContent = words;
    sound(TONES[outcome]);
  }

  function count(number) {
    if (number === null || number === undefined) return;
    total.textContent = desk.dataset.mode === "box" ? say(`箱里 ${number} 件`, `${number} in the box`) : say(`已扫 ${number} 件`, `${number} seen`);
  }

  function line(answer) {
    const item = document.createElement("li");
    item.dataset.outcome = answer.outcome;
    const words = document.createElement("span");
    words.textContent = `${answer.code || answer.scanned} ${answer.item} · ${answer.sentence}`;
    item.append(words);
    if (answer.outcome === "done") {
      const back = document.createElement("button");
      back.type = "button";
      back.className = "btn btn-quiet btn-sm";
      back.textContent = say("撤销", "Undo");
      back.addEventListener("click", () => undo(answer, item));
      item.append(back);
      done.push([answer, item]);
    }
    list.prepend(item);
    while (list.children.length > SHOWN) list.lastElementChild.remove();
    undoLast.hidden = done.length === 0;
  }

  async function undo(answer, item) {
    try {
      const told = await send(desk.dataset.undoUrl, { ...answer.task, code: answer.code });
      count(told.total);
      item.remove();
      const at = done.findIndex(([one]) => one === answer);
      if (at >= 0) done.splice(at, 1);
      undoLast.hidden = done.length === 0;
      show("already", `${answer.code} ${say("已撤销", "undone")}`);
    } catch (problem) {
      show("refused", problem.message);
    }
    entry.focus();
  }

  async function scan(codes) {
    const asked = task();
    try {
      const told = await send(desk.dataset.scanUrl, { ...asked, codes });
      for (const answer of told.answers) {
        answer.task = asked;
        line(answer);
      }
      count(told.total);
      const worst = ["refused", "already", "done"].find((outcome) => told.answers.some((one) => one.outcome === outcome));
      const few = told.answers.filter((one) => one.outcome === worst);
      if (!worst) return;
      const words = told.answers.length === 1
        ? `${few[0].code || few[0].scanned} ${few[0].item} ${few[0].sentence}`
        : `${told.answers.length - few.length * (worst !== "done")} / ${told.answers.length} ✓ ${worst === "done" ? "" : few[0].sentence}`;
      show(worst, words);
    } catch (problem) {
      show("refused", problem.message);
      entry.value = `${codes.join(" ")} ${entry.value}`.trim(); // nothing scanned is lost when the network is
    }
  }

  function enter() {
    const codes = entry.value.split(/\s+/).filter(Boolean);
    entry.value = "";
    entry.focus();
    if (codes.length) queue = queue.then(() => scan(codes)); // one after the other, in the order of the gun
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter();
  });
  entry.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    enter();
  });
  undoLast.addEventListener("click", () => done.length && undo(...done[done.length - 1]));

  const eye = new Camera(video, desk.dataset.wasm, (text) => {
    queue = queue.then(() => scan([text]));
  });
  video.addEventListener("mw:stopped", () => { view.hidden = true; });
  camera.addEventListener("click", async () => {
    if (eye.isOpen) {
      eye.stop();
      return;
    }
    view.hidden = false;
    try {
      await eye.start();
    } catch {
      eye.stop();
      show("refused", say("摄像头打不开。请用扫码枪，或输入编号。", "The camera cannot be opened. Use a scanner gun, or type the code."));
    }
  });
  (form.elements.target && form.elements.target.type !== "hidden" && !form.elements.target.value ? form.elements.target : entry).focus();
}
