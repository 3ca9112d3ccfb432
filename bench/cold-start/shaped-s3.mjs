// An S3 stand-in behind a network of known speed: serves a model store's folder, all of it from memory, to the one client that
// a trial has. Forked: the folder and the network come as arguments, the address and the requests go back as messages.
//
// Not moto behind a proxy: it hands out the ranges of a large object at 97 MB/s at most, and takes a whole processor for that, which
// the measured process needs. What is served here (GET and HEAD, ranges, tags) is what the store reads; the store's tests have moto.
//
//   node bench/cold-start/shaped-s3.mjs FOLDER '{"bytesPerMs": 100000, "firstByteMs": 30}'
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, relative } from 'node:path';

/** Milliseconds of a clock that all processes of this machine share. */
const now = () => performance.timeOrigin + performance.now();

/** Every file of the store by its key, with its tag. */
function readObjects(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return new Map(
    paths.map((path) => {
      const bytes = readFileSync(path);
      return [relative(folder, path), { bytes, etag: `"${createHash('md5').update(bytes).digest('hex')}"` }];
    }),
  );
}

/** First and last byte of `bytes=first-last`; the whole if no range is asked for. */
function readRange(range, { length }) {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return first === undefined ? [0, length - 1] : [Number(first), Math.min(Number(last), length - 1)];
}

/** Shares the network's speed equally among the answers that are under way. */
function createNetwork({ bytesPerMs, firstByteMs }) {
  const open = new Set();
  let timer;
  let last;
  const send = (transfer, bytes) => {
    const { response, body, at, record } = transfer;
    const end = Math.min(body.length, at + bytes);
    response.write(body.subarray(at, end));
    record.firstByteAt ??= now();
    transfer.at = end;
    if (end < body.length) return;
    record.lastByteAt = now();
    response.end();
    open.delete(transfer);
  };
  const tick = () => {
    const time = now();
    // At most 10 ms at once: a clock that was late does not make the network faster than it is.
    const budget = Math.min(10, time - last) * bytesPerMs;
    last = time;
    const ready = [...open].filter(({ response }) => !response.destroyed && !response.writableNeedDrain);
    for (const transfer of ready) send(transfer, Math.ceil(budget / ready.length));
    for (const transfer of open) if (transfer.response.destroyed) open.delete(transfer);
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return (transfer) =>
    setTimeout(() => {
      open.add(transfer);
      if (timer) return;
      last = now();
      timer = setInterval(tick, 1);
    }, firstByteMs);
}

function answer(response, { bytes, etag }, range) {
  const [first, last] = readRange(range, bytes);
  const body = bytes.subarray(first, last + 1);
  const partial = range && { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
  response.writeHead(range ? 206 : 200, { etag, 'content-length': body.length, 'accept-ranges': 'bytes', ...partial });
  return body;
}

function startServer(objects, network) {
  const requests = [];
  const transmit = createNetwork(network);
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
    const body = answer(response, object, range);
    if (method === 'HEAD') response.end();
    else transmit({ response, body, at: 0, record });
  });
  process.on('message', (message) => {
    if (message !== 'take requests') return;
    process.send({ requests: requests.splice(0) });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send({ endpoint: `http://127.0.0.1:${server.address().port}` }));
}

const [folder, network] = process.argv.slice(2);
startServer(readObjects(folder), JSON.parse(network));
