// Starts an S3 server on a free port of this machine, tells the port in one line, and ends with its parent.
const S3rver = require('s3rver');

const [, , folder, bucket] = process.argv;
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: folder,
  configureBuckets: [{ name: bucket }],
});
server.run().then(({ port }) => console.log(`port ${port}`));
