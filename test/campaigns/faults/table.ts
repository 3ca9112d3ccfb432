// The matrix as lines of text: a row for each fault, a column for each read.
import type { CellOutcome } from './cell.ts';
import { type Cell, faults, type Span, type Start, targets } from './matrix.ts';

const words: Readonly<Record<CellOutcome, string>> = {
  answered: 'right',
  '503': '503',
  'old model': 'old',
  wrong: 'WRONG',
};

/** One cell and what came of it. */
export interface Tried {
  readonly cell: Cell;
  readonly outcome: CellOutcome;
}

const spanNames: Readonly<Record<Span, string>> = {
  once: 'the fault meets each request once',
  lasting: 'the fault meets all requests until the server recovers',
};

function formatRow(fault: string, target: (target: string) => (start: Start) => string): string {
  const columns = targets.map((name) => `${target(name)('cold')} · ${target(name)('refresh')}`);
  return `| ${[fault, ...columns].join(' | ')} |`;
}

/** A table in Markdown: each cell holds the outcome of a cold start and of a refresh. */
export function formatTable(tried: readonly Tried[], span: Span): string[] {
  const find = (fault: string) => (target: string) => (start: Start) => {
    const found = tried.filter(
      ({ cell }) => cell.fault === fault && cell.target === target && cell.start === start && cell.span === span,
    );
    return found.length === 0 ? '–' : [...new Set(found.map(({ outcome }) => words[outcome]))].join('/');
  };
  return [
    '',
    `Cold start · refresh; ${spanNames[span]}:`,
    '',
    `| fault | ${targets.join(' | ')} |`,
    `| --- |${' --- |'.repeat(targets.length)}`,
    ...[...faults.keys()].map((fault) => formatRow(fault, find(fault))),
  ];
}
