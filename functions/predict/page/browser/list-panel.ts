// Many texts: pasted lines or a CSV file become a table and a file with the answers.
import type { Result } from '../../answer-schema.ts';
import { CsvError, describeColumns, findTextColumn, readCsv, type Table, writeCsv } from './csv.ts';
import { create, fillTable, find, formatCount, formatPercent, toneOf } from './dom.ts';
import { isFailed, type Question } from './service.ts';
import { classifyTexts, ListError } from './text-list.ts';

/** More would make the page slow. Scoring takes whole files. */
const mostRows = 10_000;
const mostBytes = 20_000_000;
/** Rows that are drawn; the file has all. */
const shownRows = 200;

const list = find('list', HTMLTextAreaElement);
const file = find('file', HTMLInputElement);
const drop = find('drop', HTMLElement);
const column = find('column', HTMLSelectElement);
const columnChoice = find('column-choice', HTMLElement);
const status = find('list-status', HTMLElement);
const problem = find('list-problem', HTMLElement);
const progress = find('progress', HTMLProgressElement);
const stop = find('stop', HTMLButtonElement);
const download = find('download', HTMLButtonElement);
const answers = find('results', HTMLElement);

/** The file that was chosen last, or undefined while the pasted lines count. */
let table: Table | undefined;
/** The latest answers, with the rows that they belong to. */
let answered: { readonly rows: Table; readonly results: readonly Result[] } | undefined;

/** Starts the panel. `onQuestion` learns of each request. */
export function startListPanel(onQuestion: (question: Question) => void): void {
  file.addEventListener('change', () => takeFile(file.files?.[0]));
  list.addEventListener('input', () => forgetFile());
  column.addEventListener('change', () => problem.replaceChildren());
  download.addEventListener('click', saveAnswers);
  startDropping();
  find('list-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    classifyList(onQuestion);
  });
}

/** Files may be dropped anywhere in the section. */
function startDropping(): void {
  const section = find('many', HTMLElement);
  section.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.dataset.over = '';
  });
  section.addEventListener('dragleave', () => delete drop.dataset.over);
  section.addEventListener('drop', (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    takeFile(event.dataTransfer?.files[0]);
  });
}

function forgetFile(): void {
  table = undefined;
  file.value = '';
  columnChoice.hidden = true;
  problem.replaceChildren();
}

async function takeFile(chosen: File | undefined): Promise<void> {
  if (!chosen) return;
  table = undefined;
  columnChoice.hidden = true;
  problem.replaceChildren();
  try {
    if (chosen.size > mostBytes) throw new CsvError('The file is larger than 20 MB: npm run score takes whole files.');
    table = readCsv(new Uint8Array(await chosen.arrayBuffer()));
    status.replaceChildren(`${chosen.name}: ${formatCount(table.rows.length)} rows.`);
    offerColumns(table.header);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    status.replaceChildren();
    problem.replaceChildren(`${chosen.name}: ${error.message}`);
  }
}

function offerColumns(header: readonly string[]): void {
  const found = findTextColumn(header);
  const options = header.map((name, index) => create('option', { value: String(index) }, name));
  column.replaceChildren(...(found === undefined ? [create('option', { value: '' }, 'Choose…')] : []), ...options);
  column.value = String(found ?? '');
  columnChoice.hidden = false;
  if (found === undefined) problem.replaceChildren(describeColumns(header));
}

/** The rows to classify and their texts, or undefined after a sentence that says what is missing. */
function readInput(): { readonly rows: Table; readonly texts: readonly string[] } | undefined {
  const lines = list.value.split(/\r?\n/).filter((line) => line.trim() !== '');
  const rows = table ?? { header: ['text'], rows: lines.map((line) => [line]) };
  const place = table ? column.value : '0';
  if (place === '') return void problem.replaceChildren(describeColumns(rows.header));
  const texts = rows.rows.map((row) => row[Number(place)] ?? '');
  if (texts.length === 0) problem.replaceChildren('There are no texts: write one on each line, or choose a file.');
  else if (texts.length > mostRows)
    problem.replaceChildren(`There are more than ${formatCount(mostRows)} texts: npm run score takes whole files.`);
  else return { rows, texts };
}

async function classifyList(onQuestion: (question: Question) => void): Promise<void> {
  problem.replaceChildren();
  const input = readInput();
  if (!input) return;
  const { rows, texts } = input;
  const stopping = new AbortController();
  stop.onclick = () => stopping.abort();
  showRunning(true);
  progress.max = texts.length;
  progress.value = 0;
  const started = performance.now();
  const onResults = (results: readonly Result[]) => {
    answered = { rows, results };
    progress.value = results.length;
    showAnswers(texts, results, performance.now() - started);
  };
  const long = find('list-long', HTMLInputElement).checked ? 'windows' : 'cut';
  try {
    await classifyTexts(texts, long, stopping.signal, { onQuestion, onResults });
  } catch (error) {
    if (error instanceof ListError) problem.replaceChildren(error.message);
    else if (!stopping.signal.aborted) throw error;
  } finally {
    showRunning(false);
  }
}

function showRunning(running: boolean): void {
  find('classify', HTMLButtonElement).disabled = running;
  stop.hidden = !running;
  progress.hidden = !running;
}

const formatTime = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function showAnswers(texts: readonly string[], results: readonly Result[], ms: number): void {
  const counts = new Map<string, number>();
  for (const result of results) {
    const name = isFailed(result) ? 'without an answer' : result.label;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const shares = [...counts].sort().map(([name, count]) => `${formatCount(count)} ${name}`);
  const rest = results.length > shownRows ? ` The table shows the first ${shownRows}, the file has all.` : '';
  status.replaceChildren(
    `${formatCount(results.length)} of ${formatCount(texts.length)} texts in ${formatTime(ms)}: ${shares.join(', ')}.${rest}`,
  );
  fillTable(
    find('answers', HTMLElement),
    ['Text', 'Class', 'Probability'],
    results.slice(0, shownRows).map((result, index) => [texts[index] ?? '', ...drawResult(result)]),
  );
  answers.hidden = false;
  download.hidden = false;
}

function drawResult(result: Result): readonly (Node | string)[] {
  if (isFailed(result)) return [create('span', { class: 'tag' }, 'none'), result.error.message];
  const doubt = result.reliable === false ? ' (not reliable)' : '';
  return [create('span', { class: `tag ${toneOf(result.label)}` }, result.label), formatPercent(result.score) + doubt];
}

/** The columns of the file, then those of the answers as `npm run score` names them. */
function listAnswers({ rows, results }: NonNullable<typeof answered>): readonly (readonly string[])[] {
  const classes = [
    ...new Set(results.flatMap((result) => (isFailed(result) ? [] : Object.keys(result.probabilities)))),
  ];
  const added = ['label', ...classes, 'reliable', 'error'];
  const names = added.map((name) => (rows.header.includes(name) ? `model_${name}` : name));
  const cells = results.map((result) =>
    isFailed(result)
      ? ['', ...classes.map(() => ''), '', result.error.code]
      : [
          result.label,
          ...classes.map((name) => String(result.probabilities[name])),
          String(result.reliable ?? true),
          '',
        ],
  );
  return [[...rows.header, ...names], ...cells.map((values, index) => [...(rows.rows[index] ?? []), ...values])];
}

function saveAnswers(): void {
  if (!answered) return;
  const address = URL.createObjectURL(new Blob([writeCsv(listAnswers(answered))], { type: 'text/csv' }));
  create('a', { href: address, download: 'answers.csv' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
