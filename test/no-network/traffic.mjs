// Records what is sent to another address than this machine's own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { undoLater, watchChild } from '../containers/tools.mjs';

/** A packet takes less than this to be recorded. */
const delayMs = 500;

/**
 * Starts to record.
 *
 * @returns `stop()`, which resolves to what was sent: a line per target, such as `udp 192.0.2.53:53 (example.com)`, each once.
 */
export async function recordTraffic() {
  const child = spawn('python3', [join(import.meta.dirname, 'traffic.py')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { output, exited } = watchChild(child);
  undoLater(() => child.kill());
  while (!output().startsWith('ready')) {
    if (child.exitCode !== null) throw new Error(`The recording ended:\n${output()}`);
    await sleep(20);
  }
  const stop = async () => {
    await sleep(delayMs);
    child.kill();
    await exited;
    const packets = output()
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line));
    return [
      ...new Set(
        packets.map(({ protocol, address, port, question }) => `${protocol} ${address}:${port} (${question})`),
      ),
    ];
  };
  return { stop };
}
