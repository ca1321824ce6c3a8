// A real OpenID provider for the tests: oidc-provider over HTTPS, with one confidential client and one person.
// Beside what the protocol knows, /test/... mints tokens with any claims under the provider's own keys, makes new keys,
// makes answers slow, and tells how often keys were fetched. Arguments: one JSON object.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { CompactSign, exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const options = JSON.parse(process.argv[2]); // { port, host, path, cert, key, algorithms }
const issuer = `https://${options.host}:${options.port}${options.path}`;
const generations = [];
let fetched = 0;
let delay = 0;

async function makeKeys() {
  const keys = [];
  for (const alg of options.algorithms) {
    const pair = await generateKeyPair(alg, { extractable: true });
    const kid = `${alg}-${generations.length}`;
    keys.push({ alg, kid, pair, jwk: { ...(await exportJWK(pair.privateKey)), alg, kid, use: "sig" } });
  }
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map((key) => key.jwk) },
    clients: [{
      client_id: "app", client_secret: "app-secret-that-is-long-enough", redirect_uris: ["https://app.example/cb"],
      grant_types: ["authorization_code"], response_types: ["code"], id_token_signed_response_alg: options.algorithms[0],
    }],
    enabledJWA: { idTokenSigningAlgValues: options.algorithms },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        amr: ["pwd"],
        "https://aws.amazon.com/tags": { principal_tags: { team: ["data"] }, transitive_tag_keys: ["team"] },
      }),
    }),
    claims: { openid: ["sub", "amr", "https://aws.amazon.com/tags"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["test-cookie-key"] },
    features: { devInteractions: { enabled: true } },
  });
  provider.proxy = false;
  generations.push({ keys, handle: provider.callback() });
}

async function mint(body) {
  const { claims, header = {}, alg = options.algorithms[0] } = JSON.parse(body);
  const { keys } = generations.at(-1);
  const key = keys.find((one) => one.alg === alg);
  const text = new TextEncoder().encode(JSON.stringify(claims));
  return new CompactSign(text).setProtectedHeader({ alg, kid: key.kid, typ: "JWT", ...header }).sign(key.pair.privateKey);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function admin(request, response) {
  const body = await bodyOf(request);
  const action = request.url.slice("/test/".length);
  let answer = "";
  if (action === "mint") answer = await mint(body);
  else if (action === "rotate") await makeKeys();
  else if (action === "delay") delay = Number(body);
  else if (action === "fetched") answer = String(fetched);
  else response.statusCode = 404;
  response.end(answer);
}

await makeKeys();
const server = createServer({ cert: readFileSync(options.cert), key: readFileSync(options.key) }, async (request, response) => {
  if (request.url.startsWith("/test/")) return admin(request, response);
  if (!request.url.startsWith(options.path)) {
    response.statusCode = 404;
    return response.end();
  }
  request.url = request.url.slice(options.path.length) || "/";
  request.originalUrl = options.path + request.url; // the provider builds its own addresses from what was mounted off
  if (request.url === "/jwks") fetched += 1;
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  return generations.at(-1).handle(request, response);
});
server.listen(options.port, options.host === "localhost" ? "127.0.0.1" : options.host, () => console.log(`ready ${issuer}`));
