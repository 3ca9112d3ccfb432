// `npm run faults`: every fault of S3 on every read, at a cold start and while a new version is loaded.
import fc from 'fast-check';
import type { Campaign, Context, Outcome } from '../campaign.ts';
import { startS3 } from '../s3-server.ts';
import { deployed, shorten } from './budget.ts';
import { type CellOutcome, tryCell } from './cell.ts';
import { type Cell, listCells, spans } from './matrix.ts';
import { formatTable, type Tried } from './table.ts';
import { publishVersions } from './versions.ts';

/** The deployed times are so many times longer than those of the campaign. */
const times = 5;
/** Cells that run at the same time. Most of them wait. */
const atOnce = 20;

/** The fault of this cell changes nothing. */
const soundCell: Cell = { fault: 'no length header', target: 'pointer', start: 'refresh', span: 'once' };

/** Cells in an order of the seed, as often as the count needs. */
function chooseCells({ count, seed }: Context): readonly Cell[] {
  const cells = listCells();
  const all = { minLength: cells.length, maxLength: cells.length };
  const rounds = fc.sample(fc.shuffledSubarray([...cells], all), { seed, numRuns: Math.ceil(count / cells.length) });
  return rounds.flat().slice(0, count);
}

function countOutcomes(tried: readonly Tried[]): Record<CellOutcome, number> {
  const counts = { answered: 0, '503': 0, 'old model': 0, wrong: 0 };
  for (const { outcome } of tried) counts[outcome] += 1;
  return counts;
}

async function run(context: Context): Promise<Outcome> {
  const { folder, signal, advance } = context;
  const s3 = await startS3();
  try {
    const versions = await publishVersions();
    const tried: Tried[] = [];
    const findings: string[] = [];
    // One cell first: it loads code that all of them need.
    await tryCell(soundCell, { versions, budget: deployed, folder });
    const waiting = [...chooseCells(context)];
    const tryNext = async (): Promise<void> => {
      const cell = waiting.shift();
      if (!cell || signal.aborted) return;
      const result = await tryCell(cell, { versions, budget: shorten(deployed, times), folder });
      tried.push({ cell, ...result });
      findings.push(...result.findings);
      advance(1);
      return tryNext();
    };
    await Promise.all(Array.from({ length: atOnce }, tryNext));
    const lines = spans.flatMap((span) => formatTable(tried, span));
    return { count: tried.length, outcomes: countOutcomes(tried), findings, lines };
  } finally {
    await s3.stop();
  }
}

export const campaign: Campaign = {
  name: 'faults',
  summary: 'Every fault of S3 on every read, at a cold start and while a new version is loaded.',
  parts: [{ name: 'matrix', unit: 'cells', short: listCells().length, parallel: false, run }],
};
