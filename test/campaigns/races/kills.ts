// Commands that are killed at a random moment: afterwards nothing half done is visible, and the same command succeeds.
import fc from 'fast-check';
import type { Context, Outcome } from '../campaign.ts';
import type { KilledCommand } from './commands.ts';
import { runKilled } from './killed-process.ts';

/** What came of one kill. */
interface Killed {
  readonly outcome: 'killed' | 'ended before';
  readonly findings: readonly string[];
}

/** A sentence if the check fails. */
const explain = (check: () => Promise<void>, when: string): Promise<string[]> =>
  check().then(
    () => [],
    (error: unknown) => [`${when}: ${error instanceof Error ? error.message : error}`],
  );

/** Kills a command after a part of its usual time, looks, and runs it again. */
async function killOnce(command: KilledCommand, usualMs: number, moment: number): Promise<Killed> {
  await command.reset();
  const { program } = command;
  const killed = await runKilled(program, usualMs * moment);
  const whole = await explain(command.checkWhole, 'after the kill');
  const again = await runKilled(program);
  const repeated =
    again.status === 0
      ? await explain(command.checkDone, 'after the same command has run again')
      : [`the same command fails then (${again.status}): ${again.output.trim().slice(-500)}`];
  const orphans = killed.orphans ? ['processes that it had started were still there five seconds later'] : [];
  return { outcome: killed.status === null ? 'killed' : 'ended before', findings: [...whole, ...repeated, ...orphans] };
}

/** Runs a command once to its end. Returns how long it works. */
async function measure(command: KilledCommand): Promise<number> {
  await command.reset();
  const { status, output, ms } = await runKilled(command.program);
  if (status !== 0) throw new Error(`${command.name} fails without any kill: ${output.slice(-500)}`);
  return ms;
}

/** Kills the commands in turn, at moments that the seed decides. */
export async function killCommands(
  commands: readonly KilledCommand[],
  { count, seed, signal, advance }: Pick<Context, 'count' | 'seed' | 'signal' | 'advance'>,
): Promise<Outcome> {
  const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }), {
    seed,
    numRuns: count,
  });
  const usual = new Map<string, number>();
  const outcomes = { killed: 0, 'ended before': 0 };
  const findings: string[] = [];
  const lines: string[] = [];
  let tried = 0;
  for (const moment of moments) {
    const command = commands[tried % commands.length];
    if (signal.aborted || !command) break;
    const usualMs = usual.get(command.name) ?? (await measure(command));
    usual.set(command.name, usualMs);
    const { outcome, findings: found } = await killOnce(command, usualMs, moment);
    outcomes[outcome] += 1;
    const when = `${command.name}, killed after ${Math.round(usualMs * moment)} of ${Math.round(usualMs)} ms`;
    findings.push(...found.map((finding) => `${when}: ${finding}`));
    if (tried < commands.length) lines.push(`${command.name}: works for ${Math.round(usualMs)} ms`);
    tried += 1;
    advance(1);
  }
  return { count: tried, outcomes, findings, lines };
}
