// Begins a sign-in with openid-client: discovery, then the address for the browser.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const settings = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(settings.issuer), settings.id, settings.secret, undefined, options);
const checks = {
  verifier: client.randomPKCECodeVerifier(),
  state: client.randomState(),
  nonce: client.randomNonce(),
};
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect,
  scope: "openid profile email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
  code_challenge_method: "S256",
  state: checks.state,
  nonce: checks.nonce,
});
console.log(JSON.stringify({ url: url.href, checks }));
