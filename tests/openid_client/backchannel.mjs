// openid-client asks to sign somebody in whose browser is elsewhere (CIBA), and polls until they have answered.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { issuer, id, secret, hint } = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, secret, undefined, options);
const begun = await client.initiateBackchannelAuthentication(config, {
  scope: "openid profile offline_access",
  login_hint: hint,
  binding_message: "W4SCT",
});
console.log(JSON.stringify(begun));
const tokens = await client.pollBackchannelAuthenticationGrant(config, begun);
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
console.log(JSON.stringify({ claims, userinfo, refreshed: refreshed.claims() }));
