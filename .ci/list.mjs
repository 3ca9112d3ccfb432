// The checks of .ci/run, in the order of their starts. On two cores, tests that measure time have few neighbours: what only
// computes runs at idle priority beside all others, and the containers, which wait for each other, beside page and API.

const installed = ['npm ci', 'node test/python.mjs'];
const nameOf = (name) => (name.includes(' ') ? name : `npm run --silent ${name}`);
const suite = (name, after, more = {}) => ({ command: nameOf(name), after: after.map(nameOf), ...more });
const idle = { idle: true };

/** @type {readonly import("./queue.mjs").Check[]} */
export const checks = [
  { command: '.ci/install' },
  { command: 'npm ci' },
  { command: 'node test/python.mjs', after: ['.ci/install'] },
  { command: 'npm test', after: installed },
  suite('test:template', installed, idle),
  suite('test:gpu-run', ['test:template'], idle),
  suite('test:processors', ['test:gpu-run'], idle),
  // The containers share podman's storage.
  suite('test:image', ['npm test']),
  suite('test:compose', ['test:image']),
  suite('test:train-image', ['test:compose']),
  suite('test:no-network', ['test:train-image']),
  suite('test:deploy', ['test:no-network']),
  suite('test:api', ['npm test']),
  suite('test:page', ['test:api']),
  suite('campaigns', ['test:page']),
];
