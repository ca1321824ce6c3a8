// A relying party in another language: verifies a token with `jose` by the issuer's discovery document, and prints its claims.
// Arguments: issuer, audience, token. Fetching goes through Node's own TLS: NODE_EXTRA_CA_CERTS names the private CA.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [issuer, audience, token] = process.argv.slice(2);
const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
const discovery = await answer.json();
if (discovery.issuer !== issuer) throw new Error('the document is of another issuer');
const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
const algorithms = discovery.id_token_signing_alg_values_supported;
const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience, algorithms });
console.log(JSON.stringify({ payload, header: protectedHeader }));
