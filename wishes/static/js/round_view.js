// What the round's page shows. Everything here draws from plain values; nothing here decides.

const zh = document.documentElement.lang.startsWith("zh");
export const say = (chinese, english) => (zh ? chinese : english);
export const part = (id) => document.getElementById(`round-${id}`);

const ACTION = { hand_over: ["送达", "Handed over"], refuse: ["拒收", "Refused"], absent: ["没人在", "Nobody there"] };
const OUTCOME = {
  accepted: ["已确认", "Confirmed", "good", "check-circle"],
  already: ["之前已确认", "Confirmed before", "good", "check-circle"],
  conflict: ["有出入", "Does not fit", "wait", "alert"],
  refused: ["没有被接受", "Not accepted", "bad", "x-circle"],
};
const WHY = {
  foreign: ["这不是本平台的码。", "That is not one of our codes."],
  misread: ["这个码有一位不对，请再看一遍。", "One character of this code is wrong. Please look again."],
  forged: ["签名不对：这个码被改动过。请别交接，告诉协调员。", "The signature is wrong: this code was altered. Do not hand over; tell the coordinator."],
  typed: ["手输的码，上传时由服务器核对。", "Typed: the server checks it when it is sent."],
  key: ["手机上还没有这把公钥，上传时核对。", "This phone has not this key yet: checked when it is sent."],
  expired: ["按手机的时间已过期，上传时核对。", "Expired by this phone's clock: checked when it is sent."],
  replaced: ["标签可能换过新的，上传时核对。", "The label may have been replaced: checked when it is sent."],
  elsewhere: ["不在这份清单里，上传时核对。", "Not in this list: checked when it is sent."],
  unlike: ["包裹和签收码不是同一份。请核对包裹。", "Parcel and receipt belong to different wishes. Check the parcel."],
};
export const why = (name) => (WHY[name] ? say(...WHY[name]) : "");

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const icon = (name) => (document.getElementById(`icon-${name}`) ?? document.getElementById("icon-box")).content.cloneNode(true);
const pill = (words, tone, mark) => element("span", `pill pill--${tone}`, icon(mark), words);

const clock = new Intl.DateTimeFormat(zh ? "zh-CN" : "en-GB", {
  timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false,
});
export const moment = (at) => clock.format(new Date(at));

// "书包 · W000123", or what there is of it.
export const title = (parcel) => (parcel ? [parcel.item, parcel.code].filter(Boolean).join(" · ") : "");

function row(mark, head, detail, state, ...buttons) {
  const words = element("div", "round-row__words", element("p", "round-row__head", head));
  if (detail) words.append(element("p", "round-row__detail", detail));
  return element("li", "round-row", element("span", "round-row__icon", icon(mark)), words, element("div", "round-row__side", ...[state, ...buttons].filter(Boolean)));
}

function button(words, act) {
  const made = element("button", "btn btn-quiet btn-sm", words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

export function showQueue(waiting, undo, again) {
  part("queue").replaceChildren(...waiting.map(({ nonce, tried, stuck, scan }) => {
    const checked = scan.recipient_code ? say("两个码已核对", "Both codes checked") : say("包裹码已核对", "Parcel checked");
    const state = stuck ? pill(say("传不上去", "Cannot be sent"), "bad", "alert")
      : scan.check === "good" ? pill(checked, "good", "check-circle") : pill(say("上传时核对", "Checked when sent"), "wait", "hourglass");
    const detail = [say(...ACTION[scan.action]), moment(scan.occurred_at), scan.evidence.note, scan.evidence.photo && say("有照片", "with a photo"),
      stuck && say(`服务器不收（${stuck}）。请告诉协调员，不会删除。`, `The server does not take it (${stuck}). Tell the coordinator; it is not deleted.`)];
    const act = stuck ? button(say("再试", "Try again"), () => again(nonce)) : !tried && button(say("撤销", "Undo"), () => undo(nonce));
    return row("box", scan.title, detail.filter(Boolean).join(" · "), state, act);
  }));
  part("queue-none").hidden = waiting.length > 0;
  part("send").hidden = waiting.length === 0;
  const chip = part("waiting");
  chip.classList.toggle("chip--wait", waiting.length > 0);
  chip.classList.toggle("chip--good", waiting.length === 0);
  chip.lastElementChild.textContent = say(`待上传 ${waiting.length}`, `${waiting.length} to send`);
}

export function showAnswers(answers) {
  part("answers").replaceChildren(...answers.map((answer) => {
    const [chinese, english, tone, mark] = OUTCOME[answer.outcome];
    const when = say(`记为 ${moment(answer.occurred_at)}`, `recorded as ${moment(answer.occurred_at)}`);
    const said = answer.outcome === "accepted" ? "" : answer.sentence;
    const head = answer.wish && !answer.title.includes(answer.wish) ? answer.wish : answer.title;
    return row("box", head, [say(...ACTION[answer.action]), when, said].filter(Boolean).join(" · "), pill(say(chinese, english), tone, mark));
  }));
  part("answers-none").hidden = answers.length > 0;
}

// *stateOf* answers "", "waiting", "done", "conflict" or "refused" for a parcel.
export function showParcels(pack, stateOf, chosen) {
  const marks = {
    waiting: () => pill(say("等待上传", "To be sent"), "wait", "hourglass"),
    done: () => pill(say("已送达", "Handed over"), "good", "check-circle"),
    conflict: () => pill(say("有出入", "Does not fit"), "wait", "alert"),
    refused: () => pill(say("没有被接受", "Not accepted"), "bad", "x-circle"),
  };
  const rows = [];
  let town = "";
  for (const parcel of pack?.wishes ?? []) {
    if (parcel.township !== town) {
      town = parcel.township;
      rows.push(element("li", "round-town", parcel.place));
    }
    const detail = [parcel.detail, parcel.box && say(`${parcel.box} 号箱`, `box ${parcel.box}`), !parcel.tag && say("还没有标签", "no label yet")];
    rows.push(row(parcel.category || "box", title(parcel), detail.filter(Boolean).join(" · "), marks[stateOf(parcel)]?.()));
  }
  part("parcels").replaceChildren(...rows);
  const left = pack?.left_off ?? 0;
  part("loaded").textContent = !pack
    ? say("还没有装载。请在有信号时装载今天要送的。", "Nothing is loaded. Load the round while there is signal.")
    : pack.over
      ? say("清单已过期，已从手机上删掉。可以照常扫，上传时核对；有信号时请重新装载。", "The list has expired and was deleted. Scanning still works and is checked when sent; load it anew when there is signal.")
      : say(`${pack.wishes.length} 件`, `${pack.wishes.length} parcels`) + (left ? say(`，还有 ${left} 件没装下：请只选要去的乡镇。`, `, ${left} more did not fit: choose the townships you go to.`) : "");
  showTownships(pack?.townships ?? [], chosen);
}

function showTownships(townships, chosen) {
  const box = part("towns");
  box.hidden = townships.length < 2;
  box.querySelector(".ticks").replaceChildren(...townships.map(([code, name, count]) => {
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", value: code, id: `town-${code}`, checked: chosen.includes(code), className: "form-check-input" });
    const label = Object.assign(document.createElement("label"), { htmlFor: tick.id, textContent: say(`${name}（${count}）`, `${name} (${count})`) });
    return element("div", "tick", tick, label);
  }));
}

export function showUntil(pack) {
  const chip = part("until");
  chip.hidden = !pack;
  if (!pack) return;
  chip.classList.toggle("chip--bad", pack.over);
  chip.lastElementChild.textContent = pack.over ? say("清单已过期", "List expired") : say(`清单有效至 ${moment(pack.expires)}`, `List good till ${moment(pack.expires)}`);
}

export function showNetwork(state) {
  const [words, tone, mark] = {
    offline: [say("没有信号", "No signal"), "wait", "offline"],
    sending: [say("正在上传", "Sending"), "move", "refresh"],
    waiting: [say("稍后再传", "Trying again soon"), "wait", "hourglass"],
    online: [say("有信号", "Online"), "good", "check-circle"],
  }[state];
  const chip = part("network");
  chip.className = `chip chip--${tone}`;
  chip.firstElementChild.replaceChildren(icon(mark));
  chip.lastElementChild.textContent = words;
}

// The large line above the steps: tone good, later, bad or empty; a sign for those who do not see the colour.
export function announce(tone, words) {
  const sign = { good: "check-circle", later: "hourglass", bad: "x-circle" }[tone];
  document.getElementById("stage").dataset.tone = tone;
  part("said").querySelector(".round-said__mark").replaceChildren(...(sign ? [icon(sign)] : []));
  part("said").querySelector("[data-words]").textContent = words;
}

export function showStep(name, state, words) {
  const step = part(name);
  step.dataset.state = state;
  step.querySelector("[data-words]").textContent = words;
}
