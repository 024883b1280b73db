// A client that registers itself with openid-client, and then signs somebody in: begins here, as begin.mjs does.
import { readFileSync } from "node:fs";
import * as client from "openid-client";

const { issuer, token, metadata } = JSON.parse(readFileSync(0, "utf8"));
const options = { execute: [client.allowInsecureRequests], initialAccessToken: token };
try {
  const config = await client.dynamicClientRegistration(new URL(issuer), metadata, undefined, options);
  console.log(JSON.stringify(config.clientMetadata()));
} catch (error) {
  console.log(JSON.stringify({ error: error.error ?? error.code ?? String(error), cause: error.cause }));
}
