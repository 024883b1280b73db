// Asks the browser for a passkey. A page says by `data-passkey` what is wanted and by `data-options` what the server
// asks; the answer goes into the hidden field beside it, and the form is sent.
"use strict";
const told = JSON.parse(document.currentScript.dataset.words);
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const descriptors = (list) => (list ?? []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

async function create(options, signal) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: descriptors(options.excludeCredentials),
    },
    signal,
  });
  const { response } = made;
  return answer(made, {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

async function get(options, signal, mediation) {
  const shown = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: descriptors(options.allowCredentials) },
    signal,
    ...(mediation ? { mediation } : {}),
  });
  const { response } = shown;
  return answer(shown, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle?.byteLength ? text(response.userHandle) : null,
  });
}

function answer(credential, response) {
  const id = text(credential.rawId);
  return JSON.stringify({ id, rawId: id, type: credential.type, response, clientExtensionResults: credential.getClientExtensionResults() });
}

function reason(error, what) {
  if (error.name === "InvalidStateError") return told["passkey-exists"];
  if (error.name === "SecurityError") return told["passkey-address"];
  if (error.name === "NotAllowedError") {
    return told[what === "create" ? "passkey-not-made" : "passkey-not-used"];
  }
  return told["passkey-browser-failed"].replace("{reason}", () => error.message);
}

const supported = Boolean(window.PublicKeyCredential && navigator.credentials);

for (const place of document.querySelectorAll("[data-passkey]")) {
  const field = place.querySelector("input");
  const { form } = field;
  const line = place.querySelector("[data-passkey-error]");
  const start = form.querySelector("[data-passkey-start]");
  const what = place.dataset.passkey;
  const tell = (words) => {
    line.textContent = words;
    line.hidden = !words;
  };
  if (!supported) {
    tell(told["passkey-unsupported"]);
    continue;
  }
  let turn;
  // Pressed again, it asks anew: the browser's own window may be gone.
  const ask = async () => {
    turn?.abort();
    const own = (turn = new AbortController());
    start.setAttribute("aria-busy", "true");
    tell("");
    place.querySelector("#passkey-error")?.remove();
    try {
      const options = JSON.parse(place.dataset.options);
      field.value = what === "create" ? await create(options, own.signal) : await get(options, own.signal);
      form.requestSubmit();
    } catch (error) {
      if (turn !== own) return;
      tell(reason(error, what));
      start.removeAttribute("aria-busy");
    }
  };
  start.hidden = false;
  start.addEventListener("click", ask);
  if (place.dataset.start !== undefined) ask();
  else start.focus();
}

// The field of the user name offers passkeys where the browser can; typing a name goes on as ever. What is signed is
// asked for anew while the page stays open, since the server takes an answer for five minutes.
const ANEW = 4 * 60 * 1000;
for (const field of document.querySelectorAll("[data-passkey-offer]")) offer(field);

async function offer(field) {
  if (!supported || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const { form } = field;
  const leaving = new AbortController();
  form.addEventListener("submit", () => leaving.abort());
  while (!leaving.signal.aborted) {
    const turn = new AbortController();
    const timer = setTimeout(() => turn.abort(), ANEW);
    leaving.signal.addEventListener("abort", () => turn.abort());
    try {
      const headers = { Accept: "application/json", "X-authentik-CSRF": form.elements.csrf.value };
      const response = await fetch(field.dataset.passkeyOffer, { method: "POST", headers, signal: turn.signal });
      if (!response.ok) return;
      field.value = await get(await response.json(), turn.signal, "conditional");
      // The name may be empty: the passkey says whose it is.
      form.requestSubmit();
      return;
    } catch (error) {
      if (!turn.signal.aborted || leaving.signal.aborted) return;
    } finally {
      clearTimeout(timer);
    }
  }
}
