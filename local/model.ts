// `npm run model`: the versions of a model store, in S3 or in a folder.
import type { Command } from 'commander';
import { readJudgingConfiguration } from '../functions/promote/configuration.ts';
import { judgeVersion } from '../functions/promote/judgement.ts';
import { readVerdict, type Verdict, writeVerdict } from '../functions/promote/verdict.ts';
import {
  listVersions,
  type ModelStore,
  openModelStore,
  readPointer,
  readPointerState,
} from '../layers/model-store/index.ts';
import { createCommand, runCommand, UsageError, wholeNumber } from './command-line.ts';
import { sampleUri } from './environment.ts';
import { compareModels } from './model-comparison.ts';
import { hold, promote, rollBack } from './model-pointer.ts';
import { formatRows, listModels, showModel } from './model-report.ts';

/** The flags of all subcommands. */
interface Flags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly lift?: boolean;
  readonly minutes?: number;
  readonly reason?: string;
  readonly share?: number;
  readonly write?: boolean;
}

/** A subcommand: returns its text, and whether the version is accepted where that is the question. */
type Action = (store: ModelStore, versions: readonly string[], flags: Flags) => Promise<string | Verification>;

const notes = `
<version> is a name, a part of one that no other version has, or the word current. promote, rollback and hold take --dry-run.
npm run model -- promote --help lists the flags of promote.
`;

const dryRun = ['--dry-run', 'say what would change, and change nothing'] as const;
const reason = ['--reason <text>', 'the reason, which list shows'] as const;

/** Creates the command. `finish` receives the result of the subcommand. */
export function createModelCommand(finish: (result: string | Verification) => void): Command {
  const model = createCommand('npm run model --', 'Looks after the versions of a model store.')
    .option('--store <uri>', 's3://bucket/prefix or file:folder (default: MODEL_URI, or else the sample model)')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', notes);

  const addCommand = (name: string, description: string, action: Action) =>
    model
      .command(name)
      .description(description)
      .action(async function (this: Command) {
        const store = openModelStore(model.opts<{ store?: string }>().store || process.env.MODEL_URI || sampleUri);
        const versions = [];
        for (const word of this.args) versions.push(await resolveVersion(store, word));
        finish(await action(store, versions, this.opts<Flags>()));
      });

  addCommand('list', 'every version: date, classes, accuracy, size, verdict, and which one is current', listModels);
  addCommand('show <version>', 'all that is known of a version', (store, [version = '']) => showModel(store, version));
  addCommand(
    'diff <version> <other>',
    'figures of two versions by set, class and behaviour, and the settings, data and files that differ',
    (store, [version = '', other = '']) => compareModels(store, version, other),
  );
  addCommand('verify <version>', 'the checks of promotion, here', (store, [version = ''], flags) =>
    verify(store, version, flags),
  ).option('--write', "keep the result as the version's verdict");
  addCommand('promote <version>', 'makes an accepted version current', (store, [version = ''], flags) =>
    promote(store, version, flags),
  )
    .option('--force', 'also a version that is not accepted')
    .option('--share <percent>', 'only for this share of the texts, as a canary', wholeNumber('share', [1, 99]))
    .option('--minutes <number>', 'how long the canary runs (default: 60)', wholeNumber('minutes', [5, 10_080]))
    .option(...dryRun);
  addCommand(
    'rollback',
    'ends a canary, or makes the version before the current one current, and holds',
    (store, _, flags) => rollBack(store, flags),
  )
    .option(...reason)
    .option(...dryRun);
  addCommand('hold', 'holds: nothing becomes current by itself', (store, _, flags) => hold(store, flags))
    .option('--lift', 'end the hold')
    .option(...reason)
    .option(...dryRun);
  return model;
}

/** Returns the exit code: 0 done or accepted, 1 not accepted. */
async function runModel(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const command = createModelCommand((result) => {
    process.stdout.write(typeof result === 'string' ? result : result.text);
    exitCode = typeof result === 'string' || result.accepted ? 0 : 1;
  });
  await command.parseAsync(args, { from: 'user' });
  return exitCode;
}

/**
 * Finds the version that a word means: its name, a part of its name that no other has, or `current`.
 *
 * @throws UsageError that names the versions in question.
 */
async function resolveVersion(store: ModelStore, word: string): Promise<string> {
  if (word === 'current') return (await readPointer(store)).pointer.version;
  const versions = await listVersions(store);
  if (versions.includes(word)) return word;
  const matches = versions.filter((version) => version.includes(word));
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) return only;
  if (matches.length > 1) throw new UsageError(`${JSON.stringify(word)} may be any of ${matches.join(', ')}.`);
  const there = versions.length > 0 ? `The latest is ${versions.at(-1)}; list shows all` : 'There is none';
  throw new UsageError(`There is no version ${JSON.stringify(word)} in ${store.location}. ${there}.`);
}

/** The result of a verification, for a person. */
interface Verification {
  readonly text: string;
  readonly accepted: boolean;
}

/** Runs the checks of functions/promote on this machine. They compare with the current version, unless it is this one. */
async function verify(
  store: ModelStore,
  version: string,
  { write }: { readonly write?: boolean },
): Promise<Verification> {
  const { pointer } = await readPointerState(store);
  const champion = pointer?.version === version ? undefined : pointer?.manifest;
  const configuration = readJudgingConfiguration(process.env);
  const verdict = await judgeVersion({ store, configuration }, version, champion);
  const rows = verdict.checks.map(({ name, passed, detail }) => [
    passed ? 'passed' : 'failed',
    String(name),
    String(detail),
  ]);
  const summary = `${version}: ${verdict.outcome}, against ${champion?.version ?? 'no other version'}.\n`;
  const kept = write ? await keepVerdict(store, verdict) : '';
  return { text: formatRows(rows) + summary + kept, accepted: verdict.outcome === 'accepted' };
}

/** Writes the verdict, unless there is one already: a verdict never changes. Returns a sentence about it. */
async function keepVerdict(store: ModelStore, verdict: Verdict): Promise<string> {
  const standing = await readVerdict(store, verdict.version);
  if (standing) return `It has a verdict already, which stays: ${standing.outcome} at ${standing.judgedAt}.\n`;
  await writeVerdict(store, verdict);
  return `Written to ${store.location}/versions/${verdict.version}/verdict.json.\n`;
}

await runCommand(import.meta.url, runModel);
