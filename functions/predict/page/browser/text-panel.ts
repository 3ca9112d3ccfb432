// One text: asks while a person types, and shows the answer to the latest text only.
import type { ListAnswer, Prediction } from '../../answer-schema.ts';
import { create, find } from './dom.ts';
import { clearPrediction, hideReasons, showPrediction, showProblem, showReasons } from './prediction-view.ts';
import { type Failure, isFailed, predict, type Question, type Reply } from './service.ts';

/** Milliseconds without a key after which the text is sent. */
const typingPause = 200;
/** Milliseconds more after which the words are weighed, which takes many runs of the model. */
const readingPause = 300;

const examples = [
  'this is the best book ever',
  'The plot is thin, but the acting more than makes up for it.',
  'I waited two hours and the food arrived cold.',
  'Das ist leider kein gutes Buch.',
];

const area = find('text', HTMLTextAreaElement);
const explain = find('explain', HTMLInputElement);
const long = find('long', HTMLInputElement);
const answer = find('answer', HTMLElement);

let current = new AbortController();

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

const showTime = (ms: number, what: string) => `${what} in ${Math.round(ms)} ms`;

/** Starts the panel. `onQuestion` learns of each request. Returns a function that answers the text once more. */
export function startTextPanel(onQuestion: (question: Question) => void): () => void {
  area.addEventListener('input', () => restart(onQuestion));
  for (const choice of [explain, long]) choice.addEventListener('change', () => restart(onQuestion));
  find('text-form', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  addEventListener('online', () => restart(onQuestion));
  find('examples', HTMLElement).replaceChildren(...examples.map((text) => drawExample(text, onQuestion)));
  // A browser may bring back the text of an earlier visit.
  if (area.value !== '') restart(onQuestion);
  return () => restart(onQuestion);
}

function drawExample(text: string, onQuestion: (question: Question) => void): HTMLElement {
  const button = create('button', { type: 'button', class: 'small' }, text);
  button.addEventListener('click', () => {
    area.value = text;
    restart(onQuestion);
  });
  return button;
}

/** Gives up what is in progress and answers the text as it is now. */
function restart(onQuestion: (question: Question) => void): void {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  answerText(area.value, signal, onQuestion)
    .catch((error) => {
      if (!signal.aborted) throw error;
    })
    .finally(() => {
      if (!signal.aborted) answer.removeAttribute('aria-busy');
    });
}

async function answerText(text: string, signal: AbortSignal, onQuestion: (question: Question) => void): Promise<void> {
  hideReasons();
  if (text.trim() === '') return clearPrediction('The answer appears here while you type.');
  answer.setAttribute('aria-busy', 'true');
  await sleep(typingPause, signal);
  const send = async (parameters: Question['parameters']) => {
    const question = { inputs: [text], parameters };
    onQuestion(question);
    return ask(question, signal);
  };
  const parameters = { long: long.checked ? 'windows' : 'cut' } as const;
  const first = await send(parameters);
  if (!first) return;
  const notes = [showTime(first.ms, 'answered')];
  showPrediction(text, first.prediction, notes);
  answer.removeAttribute('aria-busy');
  if (!explain.checked) return;
  await sleep(readingPause, signal);
  const second = await send({ ...parameters, explain: true });
  if (!second?.prediction.explanation) return;
  showPrediction(text, second.prediction, [...notes, showTime(second.ms, 'explained')]);
  showReasons(text, second.prediction, second.prediction.explanation);
}

interface TimedPrediction {
  readonly prediction: Prediction;
  readonly ms: number;
}

/** Asks until there is a prediction or a failure that stays. Returns undefined after such a failure. */
async function ask(question: Question, signal: AbortSignal): Promise<TimedPrediction | undefined> {
  for (;;) {
    const reply = await predict(question, signal);
    signal.throwIfAborted();
    const found = readReply(reply);
    if ('prediction' in found) return found;
    showProblem(found.message);
    if (found.retryAfter === undefined) return undefined;
    await sleep(1000 * found.retryAfter, signal);
  }
}

/** The prediction of the one text in a reply, or why there is none. */
function readReply(reply: Reply<ListAnswer>): TimedPrediction | Failure {
  if ('failure' in reply) return reply.failure;
  const [result] = reply.body.results;
  if (!result) return { code: 'EMPTY', message: 'The service answered without a result.' };
  return isFailed(result) ? result.error : { prediction: result, ms: reply.ms };
}
