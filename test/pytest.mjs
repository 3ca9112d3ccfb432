// Python's side of `npm test`: format, lint, types, then pytest. Arguments go to pytest.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { binaries, prepareEnvironment } from './python.mjs';

prepareEnvironment();
const steps = [
  ['ruff', ['format', '--check', 'training', 'test', 'supply-chain']],
  ['ruff', ['check', 'training', 'test', 'supply-chain']],
  ['mypy', []],
  ['pytest', process.argv.slice(2)],
];
for (const [command, args] of steps) {
  const { status } = spawnSync(join(binaries, command), args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
