// What the sign-in pages gain where script runs. Every page works without this file.
"use strict";
const words = JSON.parse(document.currentScript.dataset.words);
for (const input of document.querySelectorAll('input[type="password"]')) {
  const box = input.parentElement;
  if (input.dataset.show !== "no") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "show";
    const label = (shown) => {
      button.textContent = words[shown ? "hide" : "show"];
      button.setAttribute("aria-label", words[shown ? "hide-password" : "show-password"]);
    };
    label(false);
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      label(shown);
      input.focus();
    });
    box.classList.add("has-show");
    box.append(button);
    // A shown password must not end up in the browser's list of remembered texts.
    input.form?.addEventListener("submit", () => { input.type = "password"; });
  }
  const caps = document.createElement("p");
  caps.className = "help";
  caps.setAttribute("role", "status");
  caps.hidden = true;
  caps.textContent = words["caps-lock"];
  box.after(caps);
  input.addEventListener("keyup", (event) => { caps.hidden = !event.getModifierState?.("CapsLock"); });
  input.addEventListener("blur", () => { caps.hidden = true; });
  if (input.dataset.strength !== undefined) strength(input, caps);
}

function strength(input, before) {
  const meter = document.createElement("div");
  meter.className = "meter";
  meter.setAttribute("aria-hidden", "true");
  for (let i = 0; i < 4; i += 1) meter.append(document.createElement("i"));
  const texts = JSON.parse(input.dataset.strength);
  const said = document.createElement("p");
  said.className = "help";
  said.setAttribute("role", "status");
  before.before(meter, said);
  const update = () => {
    const [score, name] = rate(input.value);
    meter.dataset.score = String(score);
    said.textContent = texts[`strength-${name}`];
  };
  input.addEventListener("input", update);
  update();
}

// A rough guess of how many tries an attacker with the stolen hash needs; the server has the last word.
function rate(value) {
  if (!value) return [0, "hint"];
  const plain = value.toLowerCase().replace(/[@4]/g, "a").replace(/3/g, "e").replace(/[1!]/g, "i").replace(/0/g, "o").replace(/[$5]/g, "s");
  const common = ["password", "passwort", "qwerty", "qwertz", "azerty", "letmein", "welcome", "admin", "authentik", "countersign", "dragon", "monkey", "football", "iloveyou", "master", "login", "abc", "123456", "1234", "secret", "changeme"];
  let bits = 0;
  let rest = plain;
  for (const word of common) {
    if (rest.includes(word)) { rest = rest.split(word).join(""); bits += 7; }
  }
  const pool = (/[a-z]/.test(value) ? 26 : 0) + (/[A-Z]/.test(value) ? 26 : 0) + (/[0-9]/.test(value) ? 10 : 0) + (/[^a-zA-Z0-9]/.test(value) ? 33 : 0);
  let kept = 0;
  for (let i = 0; i < rest.length; i += 1) {
    const step = i ? rest.charCodeAt(i) - rest.charCodeAt(i - 1) : 9;
    kept += Math.abs(step) <= 1 ? 0.25 : 1;
  }
  // Letters of words carry less than random ones.
  const each = Math.log2(Math.max(pool, 2)) * (/^[a-z ]+$/i.test(value) ? 0.5 : 0.75);
  bits += kept * each;
  if (value.length < 8) return [1, "short"];
  if (bits < 32) return [1, "weak"];
  if (bits < 46) return [2, "fair"];
  if (bits < 62) return [3, "strong"];
  return [4, "very-strong"];
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const from = document.getElementById(button.dataset.copy);
  const lines = from.querySelectorAll("li");
  const text = lines.length ? [...lines].map((line) => line.textContent).join("\n") : from.textContent.replaceAll(" ", "");
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    for (const button of form.querySelectorAll("button.main")) button.setAttribute("aria-busy", "true");
  });
  // Coming back with the browser's button shows a form that can be sent again.
  addEventListener("pageshow", () => { sent = false; });
  if (form.dataset.submit !== undefined) form.requestSubmit();
}

document.querySelector('[aria-invalid="true"]')?.focus();

// Applications end their sessions in these frames: when all have answered, the page goes on at once.
const ending = document.querySelectorAll("iframe[data-sign-out]");
let unanswered = ending.length;
for (const frame of ending) {
  frame.addEventListener("load", () => { unanswered -= 1; if (!unanswered) location.reload(); }, { once: true });
}
