// Damages one file at a time and reads the store: a refusal names the file, or the answer is untouched.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ModelStore } from '../../../layers/model-store/index.ts';
import type { Context, Outcome } from '../campaign.ts';
import { type Damaged, damageBytes } from './byte-damage.ts';
import { damageJson } from './json-damage.ts';
import { createRandom, type Random } from './random.ts';
import { type Reading, type Target, targets } from './readings.ts';
import { createSampleStore } from './sample-store.ts';

/** An empty store, and a way into it that is not the code under test. */
export interface OpenedStore {
  readonly store: ModelStore;
  put(key: string, bytes: Buffer): Promise<void>;
}

/** Milliseconds after which a reading counts as stalled. */
const stallMs = 30_000;

/** Errors that the product raises on purpose. */
const typed = new Set(['ModelStoreError', 'InferenceError', 'RefusedByVerdict']);

interface Case {
  readonly target: Target;
  readonly reading: Reading;
  readonly damaged: Damaged;
}

/** What came of a case, and a sentence if it broke the promise. */
type Judged = { readonly outcome: string; readonly fault?: string };

/** Runs `count` cases over all kinds of files in turn. */
export async function runDamage(context: Context, { store, put }: OpenedStore): Promise<Outcome> {
  const objects = await createSampleStore();
  for (const [key, bytes] of objects) await put(key, bytes);
  const sound = await readAll(context, store);
  const outcomes: Record<string, number> = {};
  const findings: string[] = [];
  const stray = watchStrays();
  let count = 0;
  for (; count < context.count && !context.signal.aborted; count++) {
    const random = createRandom(context.seed, count);
    const [name, drawn] = drawCase(objects, random, count);
    await put(drawn.target.key, drawn.damaged.bytes);
    const judged = await tryCase(drawn, sound.get(drawn.reading), {
      store,
      directory: join(context.folder, 'fetched'),
    });
    const fault = judged.fault ?? stray.take();
    await put(drawn.target.key, objects.get(drawn.target.key) ?? Buffer.of());
    const outcome = `${name} ${fault ? 'broken' : judged.outcome}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (fault)
      findings.push(`--seed ${context.seed}, case ${count} (${name}: ${drawn.damaged.done.join(', ')}): ${fault}`);
    context.advance(1);
  }
  stray.stop();
  return { count, outcomes, findings };
}

type Sound = ReadonlyMap<Reading, unknown>;

/** What each reading gives of the sound store. */
async function readAll({ folder }: Context, store: ModelStore): Promise<Sound> {
  const answers = new Map<Reading, unknown>();
  for (const reading of Object.values(targets).flatMap(({ readings }) => readings))
    answers.set(reading, await reading({ store, directory: join(folder, 'sound') }));
  return answers;
}

function drawCase(objects: ReadonlyMap<string, Buffer>, random: Random, index: number): readonly [string, Case] {
  const names = Object.keys(targets);
  const name = names[index % names.length] ?? '';
  const target = targets[name];
  const bytes = objects.get(target?.key ?? '');
  if (!target || !bytes) throw new Error(`the sample store has no ${name}`);
  const isText = target.key.endsWith('.json') && name !== 'config';
  const damage = isText && random.below(3) > 0 ? damageJson : damageBytes;
  return [name, { target, reading: random.pick(target.readings), damaged: damage(bytes, random) }];
}

async function tryCase(
  { target, reading, damaged }: Case,
  sound: unknown,
  place: { store: ModelStore; directory: string },
): Promise<Judged> {
  const timer = new AbortController();
  try {
    const answer = await Promise.race([reading(place), stall(timer.signal)]);
    if (isDeepStrictEqual(answer, sound)) return { outcome: 'untouched' };
    if (lacksDigest(damaged.bytes)) return { outcome: 'without digest' };
    if (isDeepStrictEqual(answer, withoutCandidate(sound))) return { outcome: 'without its canary' };
    return { outcome: 'broken', fault: `another answer: ${JSON.stringify(answer).slice(0, 300)}` };
  } catch (error) {
    return judgeError(error, target.key);
  } finally {
    timer.abort();
    await rm(place.directory, { recursive: true, force: true });
  }
}

function judgeError(error: unknown, key: string): Judged {
  const { name, message } = error instanceof Error ? error : { name: 'a thrown value', message: String(error) };
  if (!typed.has(name)) return { outcome: 'broken', fault: `${name}: ${message.slice(0, 300)}` };
  if (!message.includes(key))
    return { outcome: 'broken', fault: `the refusal does not name ${key}: ${message.slice(0, 300)}` };
  if (message.length > 10_000) return { outcome: 'broken', fault: `the refusal has ${message.length} characters` };
  return { outcome: 'refused' };
}

function stall(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${stallMs} ms`)), stallMs);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** A canary that is damaged away leaves the texts to the current version. */
const withoutCandidate = (sound: unknown) =>
  typeof sound === 'object' && sound !== null && 'wanted' in sound
    ? { ...sound, wanted: { ...Object(sound.wanted), candidate: undefined } }
    : sound;

/**
 * Whether a document has lost the digest itself, by which it looks like one from before digests. Nothing protects it then:
 * docs/decisions/0084-damaged-and-malicious-versions.md.
 */
function lacksDigest(bytes: Buffer): boolean {
  try {
    const document = JSON.parse(String(bytes));
    const manifests = [document, document.manifest, document.candidate].filter(Boolean);
    return manifests.some((each) => each.digest === undefined && (each !== document || !document.manifest));
  } catch {
    return false;
  }
}

/** Notes what goes wrong outside of the awaited reading. */
function watchStrays() {
  let seen: string | undefined;
  const note = (error: unknown) => {
    seen = `unhandled: ${error instanceof Error ? error.stack : error}`;
  };
  process.on('unhandledRejection', note).on('uncaughtException', note);
  return {
    take: () => {
      const taken = seen;
      seen = undefined;
      return taken;
    },
    stop: () => void process.off('unhandledRejection', note).off('uncaughtException', note),
  };
}
