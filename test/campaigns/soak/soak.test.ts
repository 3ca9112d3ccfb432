import { closeSync, openSync } from 'node:fs';
import { createRandom } from '../../../bench/texts.ts';
import { expectPositive, firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import { exposeCollector } from '../fuzz/memory.ts';
import { createAsk, findUnfollowed } from './asking.ts';
import { sendAll } from './load.ts';
import { createQuestions } from './questions.ts';
import { type Block, blockCount, findGrowth } from './steadiness.ts';

/** A run of a million requests that is steady but for its noise. */
function createRun(change: (share: number) => Partial<Block> = () => ({}), requests = 1_000_000): Block[] {
  const random = createRandom(7);
  return Array.from({ length: blockCount }, (_, index) => ({
    requests: ((index + 1) * requests) / blockCount,
    rssMb: 120 + 2 * random(),
    descriptors: 30 + Math.floor(3 * random()),
    p50: 1,
    p99: 4 + random(),
    ...change((index + 1) / blockCount),
  }));
}

describe('a run', () => {
  it('is steady with noise, and while it warms up', () => {
    expect(findGrowth(createRun())).toEqual([]);
    expect(findGrowth(createRun((share) => (share < 0.2 ? { rssMb: 40 } : {})))).toEqual([]);
  });

  it('that leaks 20 bytes per request is found', () => {
    const [found, ...more] = findGrowth(createRun((share) => ({ rssMb: 120 + 20 * share })));
    expect(found).toMatch(/^The memory grew by 1\d\.\d MB over 533333 requests; 5\.3 are allowed\.$/);
    expect(more).toEqual([]);
  });

  it('that leaks much is found in its short form', () => {
    expect(findGrowth(createRun((share) => ({ rssMb: 120 + 90 * share }), 15_000))).toHaveLength(1);
    expect(findGrowth(createRun((share) => ({ rssMb: 120 + 30 * share }), 15_000))).toEqual([]);
  });

  it('that leaks descriptors or gets slower is found', () => {
    expect(findGrowth(createRun((share) => ({ descriptors: 30 + Math.round(40 * share) })))).toHaveLength(1);
    expect(findGrowth(createRun((share) => ({ p99: 4 + 30 * share })))).toHaveLength(1);
  });
});

it('has texts whose answers tell the versions apart', () => {
  for (const { text, positive } of createQuestions(200, 3)) {
    const words = text.split(' ');
    const count = (...names: string[]) => words.filter((word) => names.includes(word)).length;
    const counts = { good: count('good', 'best'), bad: count('bad'), tokens: words.length + 2 };
    expect(positive.get(firstVersion)).toBeCloseTo(expectPositive(counts), 9);
    expect(positive.get(secondVersion)).not.toBeCloseTo(expectPositive(counts), 3);
  }
});

describe('a process', () => {
  const context = { count: 3000, seed: 1, folder: '', dist: '', signal: new AbortController().signal };
  const send = (ask: () => void) => {
    const load = { name: 'planted', clients: 2, pid: process.pid };
    const askRight = async () => {
      ask();
      return 'right';
    };
    return sendAll({ ...load, ask: askRight }, { ...context, advance: () => undefined });
  };

  it('that keeps memory is found', async () => {
    const kept: Buffer[] = [];
    // What earlier suites left is freed now, and not meanwhile.
    exposeCollector()();
    const { findings } = await send(() => kept.push(Buffer.alloc(150_000, 1)));
    expect(findings).toContainEqual(expect.stringMatching(/^The memory grew by \d+\.\d MB over \d+ requests/));
  });

  it('that keeps descriptors is found', async () => {
    const kept: number[] = [];
    let number = 0;
    const { findings } = await send(() => {
      number += 1;
      if (number % 50 === 0) kept.push(openSync('/dev/null', 'r'));
    });
    for (const descriptor of kept) closeSync(descriptor);
    expect(findings).toContainEqual(expect.stringMatching(/^The open descriptors grew from \d+ to \d+\.$/));
  });
});

it('finds a version that answers nothing', () => {
  const outcomes = { [`right by ${firstVersion}`]: 5 };
  expect(findUnfollowed(outcomes, 1)).toEqual([]);
  expect(findUnfollowed(outcomes, 2)).toEqual([`Version ${secondVersion} was current and has answered nothing.`]);
});

describe('a wrong answer', () => {
  const questions = createQuestions(997, 5);
  const find = (path: string) => {
    const sentence = new URL(path, 'http://localhost').searchParams.get('sentence');
    return questions.find(({ text }) => text === sentence);
  };
  /** Asks a service that is right but for what `change` does to one answer. */
  async function ask(change: (reply: { status: number; model: string; header: string; positive: number }) => object) {
    let number = 0;
    const others = [['/health', 200]] as const;
    const send = async (path: string, body?: string) => {
      number += 1;
      const right = (text: string, version: string) =>
        questions.find((one) => one.text === text)?.positive.get(version) ?? 0;
      if (path === '/health') return { status: 200, version: undefined, text: '' };
      const version = number % 2 ? firstVersion : secondVersion;
      if (body !== undefined) {
        const { inputs }: { inputs: string[] } = JSON.parse(body);
        const results = inputs.map((text) => ({ probabilities: { positive: right(text, version) } }));
        return { status: 200, version, text: JSON.stringify({ model: version, results }) };
      }
      const reply = { status: 200, model: version, header: version, positive: find(path)?.positive.get(version) ?? 0 };
      const { status, model, header, positive } = number === 77 ? { ...reply, ...change(reply) } : reply;
      return { status, version: header, text: JSON.stringify({ model, probabilities: { positive } }) };
    };
    const context = { count: 1000, seed: 5, folder: '', dist: '', signal: new AbortController().signal };
    const load = { name: 'planted', clients: 3, pid: process.pid, ask: createAsk(send, 5, others) };
    const { count, findings, outcomes } = await sendAll(load, { ...context, advance: () => undefined });
    expect(count).toBe(1000);
    return { findings: findings.filter((finding) => finding.startsWith('Request')), wrong: outcomes.wrong };
  }

  it('is none if nothing is planted', async () => {
    expect(await ask(() => ({}))).toEqual({ findings: [], wrong: undefined });
  });

  it.each([
    [
      'of the other version',
      ({ model }: { model: string }) => ({
        model: model === firstVersion ? secondVersion : firstVersion,
        header: model === firstVersion ? secondVersion : firstVersion,
      }),
    ],
    ['with another version in its header', () => ({ header: '20270101T000000Z-ccccccc' })],
    ['that is a little off', ({ positive }: { positive: number }) => ({ positive: positive + 0.001 })],
    ['with an error', () => ({ status: 503 })],
  ])('is found: one %s', async (_what, change) => {
    const { findings, wrong } = await ask(change);
    expect(findings).toHaveLength(1);
    expect(wrong).toBe(1);
  });
});
