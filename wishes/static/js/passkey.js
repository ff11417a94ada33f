// A form with data-passkey asks the browser's passkeys what its data-ask says and sends the answer in the entry named "passkey".
// Where there are no passkeys the form stays hidden: every page that has one offers another way, too.

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const described = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

async function made(ask) {
  const credential = await navigator.credentials.create({ publicKey: {
    ...ask,
    challenge: bytes(ask.challenge),
    user: { ...ask.user, id: bytes(ask.user.id) },
    excludeCredentials: described(ask.excludeCredentials),
  } });
  return told(credential, {
    attestationObject: text(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

async function proved(ask) {
  const credential = await navigator.credentials.get({ publicKey: {
    ...ask,
    challenge: bytes(ask.challenge),
    allowCredentials: described(ask.allowCredentials),
  } });
  const { authenticatorData, signature, userHandle } = credential.response;
  return told(credential, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
}

const told = (credential, response) => ({
  id: credential.id,
  rawId: text(credential.rawId),
  type: credential.type,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
});

function explain(error) {
  if (error.name === "InvalidStateError") return say("这台设备上已有您的通行密钥。", "This device has a passkey of yours already.");
  if (error.name === "NotAllowedError") return say("没有完成，可以再试一次。", "It was not finished. You can try again.");
  return say("这个浏览器不能用通行密钥，请用别的方式。", "This browser cannot use passkeys here. Please use another way.");
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
  const part = form.closest("[data-passkey-part]") ?? form;
  part.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.passkey.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const ask = JSON.parse(form.dataset.ask);
      form.elements.passkey.value = JSON.stringify(await (form.dataset.passkey === "make" ? made(ask) : proved(ask)));
      button.disabled = false;
      form.requestSubmit();
    } catch (error) {
      button.disabled = false;
      window.dispatchEvent(new CustomEvent("mw:toast", { detail: { text: explain(error), tone: "warn" } }));
    }
  }, { capture: true });
}
