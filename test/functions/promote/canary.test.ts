import { pathToFileURL } from 'node:url';
import type { Alarm } from '../../../functions/promote/alarms.ts';
import { decideCanary } from '../../../functions/promote/canary.ts';
import { describeDecision, describeOutcome } from '../../../functions/promote/notification.ts';
import { considerVersion, type Judge } from '../../../functions/promote/promotion.ts';
import { createVerdict } from '../../../functions/promote/verdict.ts';
import { formatTime, type ModelStore, openModelStore, readPointer } from '../../../layers/model-store/index.ts';
import { hold, promote, rollBack } from '../../../local/model-pointer.ts';
import { makeRoot, publishCandidate, versions } from './tiny-candidates.ts';

const [first, second, third] = versions;
const canary = { share: 10, minutes: 30 };
// `npm run model` has no other clock.
const start = new Date(Math.floor(Date.now() / 1000) * 1000);
const minutesLater = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const until = formatTime(minutesLater(30));
const by = { dryRun: false, force: false, lift: false, reason: undefined };

const judge: Judge = async (version, champion) =>
  createVerdict({ version, champion: champion?.version, checks: [] }, start);

/** A store whose first version is current and whose second one is the candidate of a canary since `start`. */
async function startOne(): Promise<ModelStore> {
  const root = await makeRoot();
  for (const version of versions) await publishCandidate(root, { version }, { current: version === first });
  const store = openModelStore(pathToFileURL(root).href);
  await considerVersion({ store, judge, canary, now: () => start }, second);
  return store;
}

const ringing = (minutes: number, name = 'CandidateErrorAlarm'): Alarm => ({
  name,
  ringing: true,
  changedAt: minutesLater(minutes),
});
const quiet: Alarm = { name: 'CandidateLatencyAlarm', ringing: false, changedAt: minutesLater(1) };

const decideAt = (store: ModelStore, minutes: number, alarms: readonly Alarm[] = [quiet]) =>
  decideCanary({ store, readAlarms: async () => alarms, now: () => minutesLater(minutes) });
const readCurrent = async (store: ModelStore) => (await readPointer(store)).pointer;

describe('an accepted version', () => {
  it('becomes the candidate, and the current version stays', async () => {
    const store = await startOne();
    expect(await readCurrent(store)).toMatchObject({
      version: first,
      candidate: { version: second, share: 10, until },
    });
  });

  it('is current at once if there is no other', async () => {
    const root = await makeRoot();
    await publishCandidate(root, { version: first });
    const store = openModelStore(pathToFileURL(root).href);
    expect(await considerVersion({ store, judge, canary }, first)).toMatchObject({ kind: 'promoted' });
  });

  it('changes nothing when its event comes again, or that of an older version', async () => {
    const store = await startOne();
    await considerVersion({ store, judge, canary, now: () => minutesLater(1) }, third);
    const before = await readCurrent(store);
    for (const version of [third, second])
      expect(await considerVersion({ store, judge, canary, now: () => minutesLater(2) }, version)).toMatchObject({
        kind: 'unchanged',
      });
    expect(await readCurrent(store)).toEqual(before);
  });

  it('takes the place of an older candidate, which is not withdrawn', async () => {
    const store = await startOne();
    const outcome = await considerVersion({ store, judge, canary, now: () => minutesLater(20) }, third);
    expect(outcome).toMatchObject({
      kind: 'candidate',
      champion: first,
      share: 10,
      until: formatTime(minutesLater(50)),
    });
    const pointer = await readCurrent(store);
    expect(pointer).toMatchObject({ version: first, candidate: { version: third } });
    expect(pointer.withdrawn).toBeUndefined();
  });

  it('waits under a hold', async () => {
    const store = await startOne();
    await hold(store, by);
    expect(await considerVersion({ store, judge, canary }, third)).toMatchObject({ kind: 'held' });
    expect(await readCurrent(store)).not.toHaveProperty('candidate');
  });
});

describe('a canary', () => {
  it('goes on until its minutes are over', async () => {
    const store = await startOne();
    const before = await readCurrent(store);
    expect(await decideAt(store, 29)).toEqual({ kind: 'running', version: second, until });
    expect(await readCurrent(store)).toEqual(before);
  });

  it('ends with the candidate as the current version if no alarm rings', async () => {
    const store = await startOne();
    expect(await decideAt(store, 30)).toEqual({ kind: 'promoted', version: second, previous: first });
    const pointer = await readCurrent(store);
    expect(pointer).toMatchObject({ version: second, previous: [first] });
    expect(pointer).not.toHaveProperty('candidate');
    expect(await decideAt(store, 31)).toEqual({ kind: 'idle' });
  });

  it.each([3, 30])('ends with the candidate withdrawn if an alarm rings after %i minutes', async (minutes) => {
    const store = await startOne();
    const decision = await decideAt(store, minutes, [ringing(3), quiet]);
    expect(decision).toEqual({ kind: 'withdrawn', version: second, champion: first, alarms: ['CandidateErrorAlarm'] });
    expect(await readCurrent(store)).toMatchObject({ version: first, withdrawn: [second] });
    expect(await considerVersion({ store, judge, canary }, second)).toMatchObject({ kind: 'unchanged' });
  });

  it('is not ended by the alarm of an earlier candidate, unless it still rings after ten minutes', async () => {
    const store = await startOne();
    expect(await decideAt(store, 9, [ringing(-2)])).toMatchObject({ kind: 'running' });
    expect(await decideAt(store, 11, [ringing(-2)])).toMatchObject({ kind: 'withdrawn' });
  });

  it('stays as it is while the alarms cannot be read, and has no effect an hour after its end', async () => {
    const store = await startOne();
    const before = await readCurrent(store);
    const readAlarms = () => Promise.reject(new Error('CloudWatch is away'));
    const decide = (minutes: number) => decideCanary({ store, readAlarms, now: () => minutesLater(minutes) });
    await expect(decide(30)).rejects.toThrow('CloudWatch is away');
    expect(await decide(90)).toEqual({ kind: 'idle' });
    expect(await readCurrent(store)).toEqual(before);
  });

  it('is ended by a person who rolls back: the candidate is withdrawn, the current version stays, and a hold is set', async () => {
    const store = await startOne();
    expect(await rollBack(store, by)).toBe(
      `${second} is withdrawn from its canary, and ${first} answers all texts. Nothing becomes current by itself until \`hold --lift\`.\n`,
    );
    expect(await readCurrent(store)).toMatchObject({
      version: first,
      withdrawn: [second],
      hold: { reason: `canary of ${second} ended` },
    });
    expect(await decideAt(store, 30)).toEqual({ kind: 'idle' });
  });

  it('is ended by a person who rolls back while it is decided', async () => {
    const store = await startOne();
    const readAlarms = async () => {
      await rollBack(store, by).catch(() => undefined);
      return [quiet];
    };
    expect(await decideCanary({ store, readAlarms, now: () => minutesLater(30) })).toEqual({ kind: 'idle' });
    expect(await readCurrent(store)).toMatchObject({ version: first, withdrawn: [second] });
  });

  it('is ended by a hold: the candidate waits', async () => {
    const store = await startOne();
    expect(await hold(store, by)).toBe(
      `On hold: nothing becomes current by itself until \`hold --lift\`. The canary of ${second} ends; it waits.\n`,
    );
    const pointer = await readCurrent(store);
    expect(pointer).not.toHaveProperty('candidate');
    expect(pointer.withdrawn).toBeUndefined();
  });

  it('is ended by a promotion by name, of the candidate or of another version', async () => {
    for (const version of [second, third]) {
      const store = await startOne();
      await promote(store, version, { ...by, force: true });
      expect(await readCurrent(store)).toMatchObject({ version });
      expect(await readCurrent(store)).not.toHaveProperty('candidate');
    }
  });
});

describe('the messages', () => {
  it('say what a person can do', async () => {
    const verdict = createVerdict({ version: second, champion: first, checks: [] }, start);
    const begun = { kind: 'candidate', version: second, champion: first, share: 10, until, verdict } as const;
    expect(describeOutcome(begun, 's3://models/prod')).toMatchObject({
      subject: `Model ${second} answers 10 % of the texts`,
      text: expect.stringContaining('To end the canary: npm run model -- rollback'),
    });
    expect(describeDecision({ kind: 'promoted', version: second, previous: first })?.text).toContain(
      'To go back: npm run model -- rollback',
    );
    const alarms = ['CandidateErrorAlarm'];
    expect(describeDecision({ kind: 'withdrawn', version: second, champion: first, alarms })).toEqual({
      subject: `Model ${second} is withdrawn`,
      text: expect.stringMatching(/because of the alarm CandidateErrorAlarm\. .*npm run model -- promote 2026/),
    });
    expect(describeDecision({ kind: 'idle' })).toBeUndefined();
    expect(describeDecision({ kind: 'running', version: second, until })).toBeUndefined();
  });
});
