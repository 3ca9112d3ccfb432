import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildCommands } from './built-commands.ts';
import { type Reply, startLoad } from './switching/steady-load.ts';
import { makeSampleVersions, makeTinyVersions } from './switching/two-versions.ts';

// The suite takes a few seconds and the tiny model. `npm run test:switch` takes 30 seconds and the sample model.
const seconds = Number(process.env.SWITCH_SECONDS ?? 9);
const rate = Number(process.env.SWITCH_RATE ?? 60);
const makeVersions = process.env.SWITCH_MODEL === 'sample' ? makeSampleVersions : makeTinyVersions;

const built = buildCommands();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function startServer(root: string): Promise<string> {
  const args = [built.path('local/serve.mjs'), '--port', '0', '--workers', '2', '--queue', '1000'];
  const env = { ...process.env, MODEL_URI: `file:${root}`, MODEL_REFRESH_SECONDS: '1', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'pipe'] });
  children.push(child);
  let stderr = '';
  for await (const data of child.stderr) {
    stderr += data;
    const [, port] = /http:\/\/[^:]+:(\d+)\/predict/.exec(stderr) ?? [];
    if (port) return `http://127.0.0.1:${port}/predict?sentence=this+is+a+good+book`;
  }
  throw new Error(`the server ended: ${stderr} ${await once(child, 'exit')}`);
}

/** Runs `npm run model`. */
function command(root: string, ...args: string[]): void {
  const run = [built.path('local/model.mjs'), ...args, '--store', `file:${root}`];
  const { status, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
}

const percentile = (replies: readonly Reply[], share: number) =>
  replies.map(({ milliseconds }) => milliseconds).toSorted((one, other) => one - other)[
    Math.floor(share * (replies.length - 1))
  ] ?? Number.NaN;

/** Summarizes requests and answers, for a person. */
function summarize(replies: readonly Reply[], versions: readonly string[]): string {
  const span = ((replies.at(-1)?.at ?? 0) - (replies[0]?.at ?? 0)) / 1000;
  const parts = versions.map(
    (version) => `${replies.filter((reply) => reply.version === version).length} by ${version}`,
  );
  const times = [0.5, 0.99, 1].map((share) => `${percentile(replies, share).toFixed(0)} ms`).join(' / ');
  return `${replies.length} requests in ${span.toFixed(1)} s (${(replies.length / span).toFixed(1)}/s): ${parts.join(', ')}; p50 / p99 / longest ${times}\n`;
}

/** The versions in the order of the requests, without repetitions. */
const runsOf = (replies: readonly Reply[]) =>
  replies.map(({ version }) => version).filter((version, index, all) => version !== all[index - 1]);

it(
  `drops and mixes no request while a model is promoted and rolled back, at ${rate} requests per second for ${seconds} s`,
  async () => {
    const { root, first, second } = await makeVersions();
    const load = startLoad(await startServer(root), rate);
    await sleep((seconds * 1000) / 3);
    command(root, 'promote', second, '--force');
    await sleep((seconds * 1000) / 3);
    command(root, 'rollback');
    await sleep((seconds * 1000) / 3);
    const replies = await load.stop();
    if (process.env.SWITCH_SECONDS) process.stderr.write(summarize(replies, [first, second]));
    expect(replies.filter(({ status, failure }) => status !== 200 || failure)).toEqual([]);
    expect(replies.filter(({ version, model }) => version !== model)).toEqual([]);
    const order = runsOf(replies);
    expect(new Set(order)).toEqual(new Set([first, second]));
    expect([order[0], order.at(-1)]).toEqual([first, first]);
  },
  (seconds + 120) * 1000,
);
