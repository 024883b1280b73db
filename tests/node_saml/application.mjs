// An application made with node-saml. It is asked by lines of JSON on its standard input, in this order: who it is, the
// metadata of the identity provider, a response to sign in with, a response to have signed out with.
import { createInterface } from "node:readline";
import { SAML, generateServiceProviderMetadata } from "@node-saml/node-saml";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const asked = async () => JSON.parse((await lines.next()).value);
const answer = (value) => console.log(JSON.stringify(value));

const own = await asked();
const sp = {
  issuer: own.entity,
  callbackUrl: own.acs,
  logoutCallbackUrl: own.slo,
  privateKey: own.key,
  publicCert: own.certificate,
  decryptionPvk: own.key,
  signatureAlgorithm: "sha256",
  digestAlgorithm: "sha256",
  wantAssertionsSigned: true,
  wantAuthnResponseSigned: true,
  validateInResponseTo: "always",
  identifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
};
const metadata = generateServiceProviderMetadata({
  ...sp, publicCerts: own.certificate, decryptionCert: own.certificate,
});
answer({ metadata });

const idp = await asked();
const saml = new SAML({ ...sp, ...idp });
answer({ url: await saml.getAuthorizeUrlAsync("state & (more)", undefined, {}) });

let profile;
for (;;) {
  const response = await asked();
  if (response.finish) break;
  try {
    ({ profile } = await saml.validatePostResponseAsync(response));
    answer({ name: profile.nameID, attributes: profile.attributes });
  } catch (error) {
    answer({ refused: error.message });
  }
}
answer({ url: await saml.getLogoutUrlAsync(profile, "bye", {}) });

const { query } = await asked();
const { loggedOut } = await saml.validateRedirectAsync(Object.fromEntries(new URLSearchParams(query)), query);
answer({ loggedOut });
