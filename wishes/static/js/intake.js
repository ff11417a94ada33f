// Uploading many files: in parts that fit one request, with a count, and again after the network failed. Without this
// script the form sends all files at once.

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

function parts(files, mostBytes, mostFiles) {
  const all = [];
  let part = [];
  let bytes = 0;
  for (const file of files) {
    if (part.length && (part.length >= mostFiles || bytes + file.size > mostBytes)) {
      all.push(part);
      part = [];
      bytes = 0;
    }
    part.push(file);
    bytes += file.size;
  }
  if (part.length) all.push(part);
  return all;
}

async function send(form, files, sentInAll) {
  const body = new FormData();
  for (const name of ["csrf_token", "batch", "community"]) if (form.elements[name]) body.append(name, form.elements[name].value);
  body.append("sent_in_all", sentInAll); // only the last part is told to the reader, with the number of all
  for (const file of files) body.append("files", file, file.name);
  const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "manual" });
  // A redirect is what the server answers when the files are kept.
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(String(answer.status));
}

for (const box of document.querySelectorAll("[data-upload]")) {
  const form = box.querySelector("form");
  const input = form.querySelector("input[type=file]");
  const words = form.querySelector("[data-sending-words]");
  const button = form.querySelector("button[type=submit]");

  form.addEventListener("submit", async (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    const tooBig = [...input.files].filter((file) => file.size > Number(box.dataset.mostEach));
    if (tooBig.length) {
      const names = tooBig.map((file) => file.name).join("、");
      words.hidden = false;
      words.textContent = say(`太大，没有上传，请拆分：${names}`, `Too large; please split: ${names}`);
      return;
    }
    if (form.dataset.going) return;
    form.dataset.going = "1";
    button.setAttribute("aria-busy", "true");
    words.hidden = false;
    const total = input.files.length;
    let sent = 0;
    for (const part of parts(input.files, Number(box.dataset.mostBytes), Number(box.dataset.mostFiles))) {
      words.textContent = say(`正在上传：${sent} / ${total} 份`, `Uploading: ${sent} of ${total}`);
      let tries = 0;
      for (;;) {
        try {
          await send(form, part, sent + part.length === total ? total : 0);
          break;
        } catch (problem) {
          tries += 1;
          if (tries > 3 || /^4/.test(problem.message)) {
            words.textContent = say(
              `上传中断，已收到 ${sent} / ${total} 份。请检查网络后再按一次“上传并读取”，不会重复登记。`,
              `The upload stopped after ${sent} of ${total}. Check the network and press the button again; nothing is taken twice.`);
            delete form.dataset.going;
            delete form.dataset.sending;
            button.removeAttribute("aria-busy");
            return;
          }
          await new Promise((next) => setTimeout(next, tries * 1500));
        }
      }
      sent += part.length;
    }
    location.assign(location.pathname);
  });
}
