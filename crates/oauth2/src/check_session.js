// OpenID Connect Session Management 1.0, 3.2: an application's page asks "client_id session_state" and is answered
// "changed", "unchanged" or "error".
"use strict";
const browserState = () => {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith("countersign_session_state="));
  return found ? found.slice(found.indexOf("=") + 1) : "";
};
const hash = async (text) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
addEventListener("message", async (event) => {
  if (event.source === window || !event.source) return;
  const answer = (text) => event.source.postMessage(text, event.origin);
  const parts = typeof event.data === "string" ? event.data.split(" ") : [];
  const [value, salt] = (parts[1] || "").split(".");
  if (parts.length !== 2 || !parts[0] || !value || !salt) return answer("error");
  try {
    const now = await hash(`${parts[0]} ${event.origin} ${browserState()} ${salt}`);
    return answer(now === value ? "unchanged" : "changed");
  } catch {
    return answer("error");
  }
});
