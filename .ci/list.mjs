// The checks of .ci/run, in the order of their starts. On two cores three of them run at a time at most: npm test, then what asks a
// running service; the containers, which share podman's storage and wait half of their time, then the campaigns; and, at idle
// priority, what only computes and has no time limit.

const nameOf = (name) => (/^(test:|campaigns$)/.test(name) ? `npm run --silent ${name}` : name);
const follow = (name, after, more = {}) => ({ command: nameOf(name), after: after.map(nameOf), ...more });
const idle = { idle: true };

/** @type {readonly import("./queue.mjs").Check[]} */
export const checks = [
  follow('.ci/install', []),
  follow('npm ci', []),
  follow('node test/python.mjs', ['.ci/install']),

  follow('npm test', ['npm ci', 'node test/python.mjs']),
  follow('test:api', ['npm test']),
  follow('test:page', ['test:api']),
  follow('test:gpu-run', ['test:page']),

  follow('test:image', ['npm ci', 'node test/python.mjs']),
  follow('test:compose', ['test:image']),
  follow('test:train-image', ['test:compose']),
  follow('test:no-network', ['test:train-image']),
  follow('test:deploy', ['test:no-network']),
  follow('campaigns', ['test:deploy']),

  follow('test:template', ['npm ci', '.ci/install'], idle),
  follow('test:processors', ['test:template', 'node test/python.mjs'], idle),
];
