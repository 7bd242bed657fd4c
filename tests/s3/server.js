// Starts an S3 server on a free port of this machine and tells the port in one line. Requests must be signed.
const crypto = require('node:crypto');
const { rm } = require('node:fs/promises');
const S3rver = require('s3rver');
const { complaint } = require('./signature.js');

// s3rver makes its continuation tokens with single DES, which OpenSSL 3 has no more. Triple DES with the same key
// three times is the same thing.
for (const name of ['createCipheriv', 'createDecipheriv']) {
  const original = crypto[name];
  crypto[name] = (cipher, key, iv) =>
    cipher === 'des' ? original('des-ede3-cbc', Buffer.concat([key, key, key]), iv) : original(cipher, key, iv);
}

const [, , folder, bucket] = process.argv;
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: folder,
  configureBuckets: [{ name: bucket }],
});
// s3rver removes the folder of the last object that is deleted. A put that has just made sure of the same folder then
// fails to open its file, and as nobody listens to that stream's error, the whole server ends. Folders stay here.
server.store.deleteObject = (name, key) =>
  Promise.all(
    ['object', 'object.md5', 'metadata.json'].map((part) =>
      rm(server.store.getResourcePath(name, key, part), { force: true }),
    ),
  );
server.middleware.unshift(async (context, next) => {
  const { method, url, headers } = context.req;
  const wrong = complaint({ method, url, headers }, 'S3RVER', 'S3RVER');
  if (!wrong) return next();
  context.status = 403;
  context.body = `<Error><Code>${wrong}</Code></Error>`;
});
server.run().then(({ port }) => console.log(`port ${port}`));
