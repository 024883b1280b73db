// Finishes a sign-in with openid-client: exchange with every check, userinfo, refresh, introspection, revocation.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { issuer, id, secret, callback, checks } = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, secret, undefined, options);
const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
  pkceCodeVerifier: checks.verifier,
  expectedState: checks.state,
  expectedNonce: checks.nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
await client.tokenRevocation(config, refreshed.refresh_token);
const afterRevocation = await client.tokenIntrospection(config, refreshed.refresh_token);
const machine = await client.clientCredentialsGrant(config, { scope: "openid" });
console.log(JSON.stringify({ claims, userinfo, refreshed: refreshed.claims(), introspected, afterRevocation, machine }));
