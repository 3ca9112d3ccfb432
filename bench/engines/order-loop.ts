import { createInterface } from 'node:readline';
import type { Order, Timing } from '../engine-process.ts';

/** Text → probability of "positive". */
export type Classify = (text: string) => Promise<number>;

async function passOver(classify: Classify, texts: readonly string[]) {
  const ms: number[] = [];
  const positive: number[] = [];
  for (const text of texts) {
    const started = performance.now();
    positive.push(await classify(text));
    ms.push(performance.now() - started);
  }
  return { ms, positive };
}

async function carryOut(classify: Classify, { texts, seconds, least }: Order): Promise<Timing> {
  const ends = performance.now() + 1000 * seconds;
  const passes = [];
  while (passes.length < least || performance.now() < ends) passes.push(await passOver(classify, texts));
  return { ms: passes.map((pass) => pass.ms), positive: passes.at(-1)?.positive ?? [] };
}

/** Answers orders from standard input until it ends; the counterpart of `startEngine`. */
export async function answerOrders(about: string, classify: Classify): Promise<void> {
  const say = (report: unknown) => process.stdout.write(`${JSON.stringify(report)}\n`);
  say({ ready: about });
  for await (const line of createInterface({ input: process.stdin })) say(await carryOut(classify, JSON.parse(line)));
}
