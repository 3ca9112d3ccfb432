// What nobody can do without: asks for the pointer, then for the ranges that its manifest names, and keeps nothing. Tells when
// the last byte was there. BASE is the store's address, http://host:port/bucket.
import { Agent, get } from 'node:http';

const [base, connections] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });

/** Resolves with the chunks' last, or with all of them as text. */
const fetchBytes = (key, range) =>
  new Promise((resolve, reject) => {
    get(`${base}/${key}`, { agent, headers: range ? { range: `bytes=${range}` } : {} }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        if (!range) text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });

const { version, manifest } = JSON.parse(await fetchBytes('current.json'));
const ranges = ['tokenizer', 'model'].flatMap((role) => {
  const { path, bytes, parts } = manifest.files.find((file) => file.role === role);
  return parts.map((_, index) => {
    const start = index * manifest.partBytes;
    return [`versions/${version}/${path}`, `${start}-${Math.min(start + manifest.partBytes, bytes) - 1}`];
  });
});
await Promise.all(ranges.map(([key, range]) => fetchBytes(key, range)));
process.send({ at: performance.timeOrigin + performance.now() });
agent.destroy();
process.disconnect();
