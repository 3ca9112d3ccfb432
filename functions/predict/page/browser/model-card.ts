// The card of the model that answers: version, figures by class and by behaviour, limits.
import type { PublicModel } from '../../answer-schema.ts';
import { create, createText, fillTable, find, formatCount, formatPercent } from './dom.ts';
import { readModel } from './service.ts';

/** Asks for the model and shows its card. */
export async function showModel(): Promise<void> {
  const card = find('card', HTMLElement);
  const reply = await readModel<PublicModel>();
  if ('failure' in reply) {
    card.replaceChildren(createText('p', reply.failure.message));
    if (reply.failure.retryAfter !== undefined) setTimeout(showModel, 1000 * reply.failure.retryAfter);
    return;
  }
  card.replaceChildren(...drawCard(reply.body));
}

function drawCard(model: PublicModel): readonly Node[] {
  const { version, createdAt, labels, precision, metrics } = model;
  const date = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(createdAt));
  const list = create('dl', { class: 'facts' });
  const facts: readonly (readonly [string, string])[] = [
    ['Version', version],
    ['Made', date],
    ['Classes', labels.join(', ')],
    ['Weights', precision],
    ['Measured on', `${formatCount(metrics.rows)} texts that training did not see`],
    ['Accuracy', formatPercent(metrics.accuracy)],
    ['Calibration error', formatPercent(metrics.ece)],
    ...(metrics.polar ? ([['Accuracy without neutral', formatPercent(metrics.polar.accuracy)]] as const) : []),
  ];
  for (const [name, value] of facts) list.append(createText('dt', name), createText('dd', value));
  return [list, ...drawClasses(model), ...drawBehaviours(model), ...drawLimits(model)];
}

const drawTable = (title: string, headings: readonly string[], rows: readonly (readonly string[])[]) => {
  const table = create('table');
  fillTable(table, headings, rows);
  const frame = create('section', { class: 'scroll', tabindex: '0', 'aria-label': title }, table);
  return [createText('h3', title), frame];
};

function drawClasses({ metrics }: PublicModel): readonly Node[] {
  if (!metrics.classes) return [];
  const rows = Object.entries(metrics.classes).map(([name, { rows, precision, recall, f1 }]) => [
    name,
    formatCount(rows),
    ...[precision, recall, f1].map(formatPercent),
  ]);
  return drawTable('Each class', ['Class', 'Texts', 'Precision', 'Recall', 'F1'], rows);
}

function drawBehaviours({ metrics }: PublicModel): readonly Node[] {
  if (!metrics.behaviours) return [];
  const rows = metrics.behaviours.map(({ name, cases, failed }) => [name, formatCount(cases), formatPercent(failed)]);
  return drawTable('Behaviours', ['Behaviour', 'Cases', 'Failed'], rows);
}

function drawLimits({ labels, maxTokens }: PublicModel): readonly Node[] {
  const limits = [
    'It learnt from English texts. It marks most texts in other languages as not reliable.',
    `It reads ${formatCount(maxTokens)} tokens at once. A longer text is cut, or read in windows whose answers are combined.`,
    ...(labels.includes('neutral')
      ? []
      : ['It has no class neutral: a text without an opinion gets one of the others.']),
    'It judges the words of a text, and knows nothing of its author, its subject or its irony.',
  ];
  return [createText('h3', 'Limits'), create('ul', {}, ...limits.map((limit) => createText('li', limit)))];
}
