// Starts a real OpenID Connect issuer on a free port of this machine, and a second port for the test:
//   /visit?url=…&stop=…&user=…&deny=1   a person follows this address (browser.js)
//   /rotate                             other keys sign from now on, and the old ones are gone
// Says "port ISSUER CONTROL" in one line.
const crypto = require('node:crypto');
const http = require('node:http');
const { visit } = require('./browser.js');

const device = 'urn:ietf:params:oauth:grant-type:device_code';
const scope = 'compute.read compute.create compute.modify compute.cancel';

const jwk = (kind, options) => crypto.generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' });
const makeKeys = () => ({
  keys: [
    { ...jwk('rsa', { modulusLength: 2048 }), use: 'sig', alg: 'RS256' },
    { ...jwk('ec', { namedCurve: 'P-256' }), use: 'sig', alg: 'ES256' },
    { ...jwk('ec', { namedCurve: 'P-384' }), use: 'sig', alg: 'ES384' },
  ],
});

const people = (id) => ({
  accountId: id,
  claims: () => ({ sub: id, name: `Person ${id}`, email: `${id}@example.eu` }),
});

function configuration(keys) {
  return {
    jwks: keys,
    cookies: { keys: [crypto.randomBytes(32).toString('base64url')] },
    clients: [
      {
        client_id: 'euromesh-cli',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', device],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/back'],
      },
      {
        client_id: 'pipeline',
        client_secret: 'a-secret-of-16-bytes',
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    claims: { openid: ['sub', 'name'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: (context, id) => people(id),
    extraTokenClaims: () => ({ entitlements: ['urn:geant:example.eu:group:project-a:role=manager#example.eu'] }),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (context, resource) => ({
          scope,
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource === 'urn:coordinator:ec' ? 'ES256' : 'RS256' } },
        }),
      },
    },
  };
}

async function main() {
  const { Provider } = await import('oidc-provider');
  console.warn = console.info = () => {};
  let answer;
  const server = http.createServer((request, response) => answer(request, response));
  const listen = (one) => new Promise((done) => one.listen(0, '127.0.0.1', () => done(one.address().port)));
  const port = await listen(server);
  const rotate = () => {
    answer = new Provider(`http://127.0.0.1:${port}`, configuration(makeKeys())).callback();
  };
  rotate();
  const control = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://control');
    try {
      if (pathname === '/rotate') rotate();
      const user = searchParams.get('user') ?? 'ada';
      const answers = { login: user, password: 'any' };
      if (searchParams.has('deny')) answers['+abort'] = 'yes';
      const url = pathname === '/visit' && searchParams.get('url');
      response.end(url ? await visit(url, searchParams.get('stop'), answers) : 'done');
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  });
  console.log(`port ${port} ${await listen(control)}`);
}

main();
