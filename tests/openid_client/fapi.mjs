// A client of the FAPI 2.0 profile: a private key in place of a secret, signed and pushed requests, signed answers, tokens
// bound to a key. Says what it has line by line and reads what it is given.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (value) => console.log(JSON.stringify(value));

const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
say({ jwk: await crypto.subtle.exportKey("jwk", keys.publicKey) });

const settings = await hear();
const execute = [client.allowInsecureRequests, client.useJwtResponseMode];
const proof = client.PrivateKeyJwt(keys.privateKey);
const config = await client.discovery(new URL(settings.issuer), settings.id, {}, proof, { execute });
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const parameters = {
  redirect_uri: settings.redirect,
  scope: "openid profile email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  state: expectedState,
};
const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, keys.privateKey);
const pushed = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
say({ url: pushed.href, parameters: [...pushed.searchParams.keys()] });

const { callback } = await hear();
const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, new URL(callback), checks, undefined, { DPoP });
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
let repeated = "gave tokens";
try {
  await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
} catch (error) {
  repeated = error.error;
}
say({
  claims,
  userinfo,
  type: tokens.token_type,
  access: tokens.access_token,
  refreshed: refreshed.token_type,
  introspected,
  thumbprint: await DPoP.calculateThumbprint(),
  repeated,
});
process.exit(0);
