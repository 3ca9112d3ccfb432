// An S3 stand-in behind a network of known speed: serves a model store's folder from memory to one client. It writes its address as
// a line of JSON, and for each line that it reads the requests since the line before. It answers GET and HEAD, with ranges and tags.
//
// Not moto behind a proxy: moto gives the ranges of a large object at 97 MB/s at most, and takes a whole processor for that, which
// the measured process needs. The store's tests have moto.
//
//   node bench/shaped-s3.mjs FOLDER '{"bytesPerMs": 100000, "firstByteMs": 30}'
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, network] = process.argv.slice(2);
const { bytesPerMs, firstByteMs } = JSON.parse(network);

/** Milliseconds of a clock that all processes of this machine share. */
const now = () => performance.timeOrigin + performance.now();
const report = (message) => console.log(JSON.stringify(message));

const objects = new Map();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(path);
  objects.set(relative(folder, path), { bytes, etag: `"${createHash('md5').update(bytes).digest('hex')}"` });
}

/** Answers that are under way. They share the network's speed equally. */
const transfers = new Set();
let timer;
let lastTick;

function send(transfer, bytes) {
  const { response, body, at, record } = transfer;
  transfer.at = Math.min(body.length, at + bytes);
  response.write(body.subarray(at, transfer.at));
  if (transfer.at < body.length) return;
  record.lastByteAt = now();
  response.end();
  transfers.delete(transfer);
}

function tick() {
  const time = now();
  // At most 10 ms at once: a late clock does not make the network faster.
  const budget = Math.min(10, time - lastTick) * bytesPerMs;
  lastTick = time;
  for (const transfer of transfers) if (transfer.response.destroyed) transfers.delete(transfer);
  const ready = [...transfers].filter(({ response }) => !response.writableNeedDrain);
  for (const transfer of ready) send(transfer, Math.ceil(budget / ready.length));
  if (transfers.size === 0) timer = clearInterval(timer);
}

function begin(transfer) {
  transfers.add(transfer);
  if (timer) return;
  lastTick = now();
  timer = setInterval(tick, 1);
}

const requests = [];
const server = createServer(({ method, url, headers: { range } }, response) => {
  response.socket.setNoDelay(true);
  // Path style: /bucket/key?…
  const key = decodeURIComponent(url.replace(/^\/[^/]+\//, '').replace(/\?.*/, ''));
  const record = { method, key, range, at: now() };
  requests.push(record);
  const object = objects.get(key);
  if (!object) {
    response.writeHead(404, { 'content-type': 'application/xml' });
    response.end('<Error><Code>NoSuchKey</Code><Message>There is no such key.</Message></Error>');
    return;
  }
  const { bytes, etag } = object;
  const [first, last] = /^bytes=(\d+)-(\d+)$/
    .exec(range ?? '')
    ?.slice(1)
    .map(Number) ?? [0, bytes.length];
  const body = bytes.subarray(first, last + 1);
  const partial = range && { 'content-range': `bytes ${first}-${first + body.length - 1}/${bytes.length}` };
  response.writeHead(range ? 206 : 200, { etag, 'content-length': body.length, 'accept-ranges': 'bytes', ...partial });
  if (method === 'HEAD') response.end();
  else setTimeout(() => begin({ response, body, at: 0, record }), firstByteMs);
});
server.listen(0, '127.0.0.1', () => report({ endpoint: `http://127.0.0.1:${server.address().port}` }));
for await (const _ of createInterface({ input: process.stdin })) report({ requests: requests.splice(0) });
process.exit();
