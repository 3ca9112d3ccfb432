// The requests of a soak: sentences, lists now and then, and addresses that are asked rarely.
import { firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';
import type { Outcome } from '../campaign.ts';
import type { Ask } from './load.ts';
import { createQuestions, type Question } from './questions.ts';
import { checkReply, type Reply } from './replies.ts';

/** Sends one request: a GET, or a POST of JSON if there is a body. */
export type Send = (path: string, body?: string) => Promise<Reply>;

const questionCount = 997;
const listLength = 3;
/** Of so many requests one asks for a list. */
const listEvery = 10;
/** Of so many requests one asks for what is at each of the other addresses. */
const rareEvery = 500;

const toPath = ({ text }: Question) => `/predict?sentence=${encodeURIComponent(text)}`;

/** The class of the right answers of a version. */
const byVersion = (version: string) => `right by ${version}`;

/** Says which version has answered nothing, although each has been current for a while. */
export const findUnfollowed = (outcomes: Outcome['outcomes'], switches: number): string[] =>
  [firstVersion, secondVersion]
    .filter((version) => switches > 1 && !outcomes[byVersion(version)])
    .map((version) => `Version ${version} was current and has answered nothing.`);

/** Creates the requests. `others` are addresses, each with the status that it should have. */
export function createAsk(send: Send, seed: number, others: readonly (readonly [path: string, status: number])[]): Ask {
  const questions = createQuestions(questionCount, seed);
  const choose = (number: number, count: number) =>
    Array.from({ length: count }, (_, index) => questions[(number + index) % questionCount]).filter(
      (one) => one !== undefined,
    );
  const askRarely = async (number: number) => {
    const [path, status] = others[(number / rareEvery) % others.length] ?? ['/health', 200];
    // An address of its own each time, as those who look for holes send.
    const reply = await send(status === 404 ? `${path}/${number}` : path);
    if (reply.status !== status) throw new Error(`${path} has the status ${reply.status}, not ${status}.`);
    return 'other addresses';
  };
  return async (number) => {
    if (number % rareEvery === 0) return askRarely(number);
    const isList = number % listEvery === 0;
    const asked = choose(number, isList ? listLength : 1);
    const [first] = asked;
    if (!first) throw new Error('There are no questions.');
    const body = JSON.stringify({ inputs: asked.map(({ text }) => text) });
    return byVersion(checkReply(await (isList ? send('/predict', body) : send(toPath(first))), asked));
  };
}
