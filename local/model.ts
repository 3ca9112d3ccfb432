// `npm run model`: the versions of a model store, in S3 or in a folder.
import { ConfigurationError } from '../functions/promote/configuration.ts';
import { type ModelStore, ModelStoreError, openModelStore } from '../layers/model-store/index.ts';
import { UsageError } from './command-line.ts';
import { verify } from './model/judging.ts';
import { compareModels, listModels, showModel } from './model/listing.ts';
import { hold, ModelError, promote, rollBack } from './model/moving.ts';
import { resolveVersion } from './model/naming.ts';
import { type ModelOptions, readModelOptions, usage } from './model/options.ts';
import { sampleUri } from './project.ts';

interface Result {
  readonly text: string;
  readonly accepted: boolean;
}

async function carryOut(store: ModelStore, options: ModelOptions): Promise<string | Result> {
  const versions = [];
  for (const word of options.versions) versions.push(await resolveVersion(store, word));
  const [version = '', other = ''] = versions;
  const commands: Readonly<Record<ModelOptions['command'], () => Promise<string | Result>>> = {
    list: () => listModels(store),
    show: () => showModel(store, version),
    diff: () => compareModels(store, version, other),
    verify: () => verify(store, version, options),
    promote: () => promote(store, version, options),
    rollback: () => rollBack(store, options),
    hold: () => hold(store, options),
  };
  return commands[options.command]();
}

/** Exit code: 0 done, 1 refused or failed, 2 the command line makes no sense. */
async function run(): Promise<number> {
  const options = readModelOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(usage);
    return 0;
  }
  const store = openModelStore(options.store || process.env.MODEL_URI || sampleUri);
  const result = await carryOut(store, options);
  process.stdout.write(typeof result === 'string' ? result : result.text);
  return typeof result === 'string' || result.accepted ? 0 : 1;
}

const isExpected = (error: unknown): error is Error =>
  [UsageError, ModelError, ModelStoreError, ConfigurationError].some((kind) => error instanceof kind);

process.exitCode = await run().catch((error: unknown) => {
  process.stderr.write(`${isExpected(error) ? error.message : error instanceof Error ? error.stack : error}\n`);
  return error instanceof UsageError ? 2 : 1;
});
