// Asks a captcha service for a token. A page says by `data-captcha` where the service's script is; the token goes into the
// hidden field beside it, and the form is sent where nothing else is asked.
"use strict";
const asked = JSON.parse(document.currentScript.dataset.words);

// A script that offers another service's interface beside its own is taken for its own. `starts`: what it draws asks by itself.
function service() {
  if (window.turnstile) return { api: window.turnstile, starts: true, ready: (go) => go() };
  if (window.hcaptcha) return { api: window.hcaptcha, ready: (go) => go() };
  const api = window.grecaptcha?.enterprise ?? window.grecaptcha;
  return api && { api, ready: (go) => api.ready(go) };
}

for (const place of document.querySelectorAll("[data-captcha]")) begin(place);

function begin(place) {
  const field = place.querySelector("input");
  const { form } = field;
  const button = form.querySelector("button.main");
  const told = place.querySelector("[data-captcha-error]");
  const alone = place.dataset.alone !== undefined;
  const interactive = place.dataset.interactive !== undefined;
  const tell = (words) => {
    told.textContent = words;
    told.hidden = !words;
  };
  const keep = (token) => {
    field.value = token;
    button.disabled = !token;
  };
  const draw = ({ api, starts }) => {
    const invisible = !interactive && !starts;
    const widget = api.render(place.querySelector("[data-captcha-box]"), {
      sitekey: place.dataset.key,
      ...(invisible ? { size: "invisible" } : {}),
      callback(token) {
        tell("");
        keep(token);
        if (alone) form.requestSubmit();
      },
      "error-callback"() {
        keep("");
        tell(asked["person-failed"]);
      },
      // A token is good for a few minutes, and a form may stay open for longer.
      "expired-callback"() {
        keep("");
        if (starts) api.reset(widget);
        else if (invisible) api.execute(widget);
      },
    });
    if (invisible) api.execute(widget);
  };
  keep("");
  const script = document.createElement("script");
  script.src = place.dataset.captcha;
  script.onload = () => {
    const found = service();
    if (found) found.ready(() => draw(found));
    else tell(asked["person-failed"]);
  };
  script.onerror = () => tell(asked["person-unreachable"]);
  document.head.append(script);
}
