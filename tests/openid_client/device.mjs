// A device without a keyboard, with openid-client: says its codes, then polls until somebody has answered.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { issuer, id, secret, scope } = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, secret, undefined, options);
const codes = await client.initiateDeviceAuthorization(config, { scope });
console.log(JSON.stringify(codes));
try {
  const tokens = await client.pollDeviceAuthorizationGrant(config, codes);
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  console.log(JSON.stringify({ claims: tokens.claims(), userinfo, refreshed: refreshed.claims() }));
} catch (error) {
  console.log(JSON.stringify({ error: error.error ?? String(error) }));
}
