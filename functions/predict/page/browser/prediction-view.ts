// Draws what the service says of one text: the class, the bars, the coloured words, the windows.
import type { Prediction } from '../../answer-schema.ts';
import { countCodePoints } from './code-points.ts';
import { create, createText, fillTable, find, formatCount, formatPercent, toneOf } from './dom.ts';
import type { Explanation, TextWindow } from './service.ts';

const verdict = find('verdict', HTMLElement);
const problem = find('problem', HTMLElement);
const classes = find('classes', HTMLElement);
const warning = find('warning', HTMLElement);
const facts = find('facts', HTMLElement);
const reasons = find('reasons', HTMLElement);
const parts = find('parts', HTMLElement);

/** Removes the answer and shows a sentence in its place. */
export function clearPrediction(sentence: string): void {
  verdict.replaceChildren(sentence);
  verdict.className = '';
  problem.replaceChildren();
  for (const list of [classes, facts]) list.replaceChildren();
  for (const part of [warning, reasons, parts]) part.hidden = true;
}

/** Shows why there is no answer. */
export function showProblem(sentence: string): void {
  clearPrediction('');
  problem.replaceChildren(sentence);
}

const reasonSentences: Readonly<Record<string, string>> = {
  language: 'The text does not look like English, which is all that the model learnt: do not rely on this answer.',
  unknown_tokens: 'The model does not know much of this text: do not rely on this answer.',
};

/** Shows a prediction, without the words' shares in it. */
export function showPrediction(text: string, prediction: Prediction, notes: readonly string[]): void {
  const { label, score, reliable = true, reason } = prediction;
  problem.replaceChildren();
  verdict.className = toneOf(label);
  verdict.replaceChildren(createText('strong', label), ` ${formatPercent(score)}`);
  classes.replaceChildren(...Object.entries(prediction.probabilities).map(drawBar));
  warning.hidden = reliable;
  warning.replaceChildren(reliable ? '' : (reasonSentences[reason ?? ''] ?? 'Do not rely on this answer.'));
  showFacts(prediction, notes);
  showWindows(text, prediction.windows ?? []);
}

function drawBar([label, probability]: readonly [string, number]): HTMLElement {
  const fill = create('span', { class: 'fill' });
  fill.style.width = `${100 * probability}%`;
  const bar = create('span', { class: 'bar', 'aria-hidden': 'true' }, fill);
  const value = create('span', { class: 'value' }, formatPercent(probability));
  return create('li', { class: toneOf(label) }, createText('span', label), bar, value);
}

const plural = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

function showFacts({ tokens, unknown, dropped, windows }: Prediction, notes: readonly string[]): void {
  const read = [
    plural(tokens, 'token'),
    ...(unknown > 0 ? [`${formatCount(unknown)} unknown`] : []),
    ...(dropped ? [`${formatCount(dropped)} cut off`] : []),
    ...(windows && windows.length > 1 ? [plural(windows.length, 'window')] : []),
  ];
  facts.replaceChildren(
    createText('dt', 'Read'),
    createText('dd', read.join(', ')),
    createText('dt', 'Time'),
    createText('dd', notes.join(', ')),
  );
}

/** Weights below this share of a probability are no reason to colour a word. */
const leastWeight = 0.02;

/** Colours the words by their weights: towards the answered class, or against it. */
export function showReasons(text: string, { label, score }: Prediction, { baseline, words }: Explanation): void {
  const points = countCodePoints(text);
  const largest = Math.max(leastWeight, ...words.map(({ weight }) => Math.abs(weight)));
  const pieces: Node[] = [];
  let at = 0;
  for (const { start, end, weight } of words) {
    pieces.push(
      new Text(points.slice(at, start)),
      drawWord(points.slice(start, end), weight, Math.abs(weight) / largest),
    );
    at = end;
  }
  find('words', HTMLElement).replaceChildren(...pieces, points.slice(at, points.length));
  find('words', HTMLElement).className = `words ${toneOf(label)}`;
  find('legend', HTMLElement).replaceChildren(
    'Coloured words speak for ',
    createText('strong', label),
    ', underlined words against it. Without any word it would have ',
    `${formatPercent(baseline)}; all words together bring it to ${formatPercent(score)}.`,
  );
  const heaviest = [...words].sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, 20);
  fillTable(
    find('weights', HTMLElement),
    ['Word', 'Weight'],
    heaviest.map(({ start, end, weight }) => [points.slice(start, end), formatWeight(weight)]),
  );
  reasons.hidden = words.length === 0;
}

/** Hides the words, whose shares are those of another text. */
export function hideReasons(): void {
  reasons.hidden = true;
}

const formatWeight = (weight: number) => `${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(3)}`;

function drawWord(word: string, weight: number, strength: number): HTMLElement {
  const side = strength < 0.1 ? 'none' : weight < 0 ? 'against' : 'for';
  const element = create('span', { 'data-side': side, title: formatWeight(weight) }, word);
  element.style.setProperty('--strength', strength.toFixed(2));
  return element;
}

/** Shows the windows of a text that needed several. A button selects the window's part of the text. */
function showWindows(text: string, windows: readonly TextWindow[]): void {
  parts.hidden = windows.length < 2;
  if (parts.hidden) return;
  const points = countCodePoints(text);
  const rows = windows.map(({ start, end, label, score }, index) => {
    const button = create('button', { type: 'button', class: 'small' }, `Mark window ${index + 1}`);
    button.addEventListener('click', () => selectPart(points.toUnits(start), points.toUnits(end)));
    const tag = create('span', { class: `tag ${toneOf(label)}` }, label);
    const place = `${formatCount(start)}–${formatCount(end)}`;
    const beginning = `${points.slice(start, Math.min(end, start + 60)).trim()}…`;
    return [button, place, tag, formatPercent(score), beginning];
  });
  fillTable(find('windows', HTMLElement), ['Window', 'Characters', 'Class', 'Probability', 'Begins with'], rows);
}

function selectPart(start: number, end: number): void {
  const area = find('text', HTMLTextAreaElement);
  area.focus();
  area.setSelectionRange(start, end);
}
