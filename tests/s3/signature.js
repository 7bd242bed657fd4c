// Whether a request's AWS Signature Version 4 is right, written from the public specification: the server that we
// test with does not look at it. Checks itself against the specification's own example when it is loaded.
const crypto = require('node:crypto');

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(query) {
  return query
    .split('&')
    .filter(Boolean)
    .map((pair) => pair.split('='))
    .map(([name, value = '']) => `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`)
    .sort()
    .join('&');
}

// The signature that {method, url, headers (lower-case names)} must have.
function signatureOf({ method, url, headers }, scope, signedHeaders, secret) {
  const [path, query = ''] = url.split('?');
  const lines = signedHeaders.split(';').map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}\n`);
  const payload = headers['x-amz-content-sha256'];
  const request = [method, path, canonicalQuery(query), lines.join(''), signedHeaders, payload].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(request)].join('\n');
  const key = scope.split('/').reduce((last, part) => hmac(last, part), `AWS4${secret}`);
  return hmac(key, text).toString('hex');
}

// Nothing, or what is wrong.
function complaint(request, keyId, secret) {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization || '',
  );
  if (!parts) return 'AccessDenied';
  const [, id, scope, signedHeaders, signature] = parts;
  if (id !== keyId) return 'InvalidAccessKeyId';
  const named = signedHeaders.split(';');
  const needed = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  if (!needed.every((name) => named.includes(name))) return 'AccessDenied';
  return signatureOf(request, scope, signedHeaders, secret) === signature ? undefined : 'SignatureDoesNotMatch';
}

const example = {
  method: 'GET',
  url: '/test.txt',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': sha256(''),
    'x-amz-date': '20130524T000000Z',
  },
};
const signed = signatureOf(
  example,
  '20130524/us-east-1/s3/aws4_request',
  'host;range;x-amz-content-sha256;x-amz-date',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
);
if (signed !== 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41') {
  throw new Error(`the specification's example has another signature than ${signed}`);
}

module.exports = { complaint };
