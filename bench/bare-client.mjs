// The least that a cold start from S3 takes: fetches the pointer and the ranges of its manifest, keeps nothing, and writes the time
// of the last byte as a line of JSON. Arguments: the store's address (http://host:port/bucket), and the connections.
import { Agent, get } from 'node:http';

const [base, connections] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });

/** Resolves at the last byte, with the text if `keep` says so. */
const fetchBytes = (key, headers, keep = false) =>
  new Promise((resolve, reject) => {
    get(`${base}/${key}`, { agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        if (keep) text += chunk;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });

const { version, manifest } = JSON.parse(await fetchBytes('current.json', {}, true));
const fetches = ['tokenizer', 'model'].flatMap((role) => {
  const { path, bytes, parts } = manifest.files.find((file) => file.role === role);
  return parts.map((_, index) => {
    const start = index * manifest.partBytes;
    const range = `bytes=${start}-${Math.min(start + manifest.partBytes, bytes) - 1}`;
    return () => fetchBytes(`versions/${version}/${path}`, { range });
  });
});
await Promise.all(fetches.map((fetchRange) => fetchRange()));
console.log(JSON.stringify({ at: performance.timeOrigin + performance.now() }));
agent.destroy();
