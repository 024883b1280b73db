// A client of openid-client that its certificate proves, at the endpoints that ask for one (RFC 8705). Says what it has line by line
// and reads what it is given.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (value) => console.log(JSON.stringify(value));

const settings = await hear();
const shown = { cert: readFileSync(settings.files[0]), key: readFileSync(settings.files[1]) };
const reached = [];

// The platform's fetch shows no certificate. Who the server is the test does not ask.
function showing(url, options) {
  const address = new URL(url);
  reached.push(address.origin);
  const secure = address.protocol === "https:";
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(options.headers));
    const more = secure ? { ...shown, rejectUnauthorized: false } : {};
    const request = (secure ? https : http).request(address, { method: options.method, headers, ...more }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode, headers: answer.headers })));
    });
    request.on("error", reject);
    request.end(options.body?.toString());
  });
}

const metadata = { use_mtls_endpoint_aliases: true, tls_client_certificate_bound_access_tokens: true };
const options = { execute: [client.allowInsecureRequests], [client.customFetch]: showing };
const config = await client.discovery(new URL(settings.issuer), settings.id, metadata, client.TlsClientAuth(), options);
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect,
  scope: "openid profile email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
});
say({ url: url.href });

const { callback } = await hear();
const tokens = await client.authorizationCodeGrant(config, new URL(callback), { pkceCodeVerifier, expectedState, idTokenExpected: true });
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
const machine = await client.clientCredentialsGrant(config, { scope: "openid" });
say({ claims, userinfo, refreshed: refreshed.claims(), access: refreshed.access_token, introspected, machine: machine.token_type, reached });
process.exit(0);
