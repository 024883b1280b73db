// Token exchange (RFC 8693) with openid-client.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { issuer, id, secret, form } = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, secret, undefined, options);
const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
try {
  console.log(JSON.stringify(await client.genericGrantRequest(config, grant, form)));
} catch (error) {
  console.log(JSON.stringify({ error: error.error ?? String(error) }));
}
