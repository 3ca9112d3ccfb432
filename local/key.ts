// `npm run key`: the keys of the callers of a stage whose authorizer is `key`.
import { randomBytes } from 'node:crypto';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Command } from 'commander';
import { type ApiKey, hashKey, isKeyName } from '../functions/predict/keys.ts';
import { createCommand, runCommand, UsageError } from './command-line.ts';
import { findDeployment } from './deployment.ts';
import { createKeyStore, type KeyStore } from './key-store.ts';
import { formatRows } from './model-report.ts';

const notes = `
A stage deployed with --param authorizer=key answers only requests with a key: Authorization: Bearer KEY, or X-Api-Key: KEY.
Only the SHA-256 of a key is kept, in an SSM parameter, so that a key is shown once. The service knows a new key, and
refuses a removed one, within a minute. Credentials and region are the AWS tools' own: AWS_PROFILE, AWS_REGION and so on.
`;

/** Adds a key. Returns it: it is not kept anywhere. */
export async function addKey(store: KeyStore, name: string, day = new Date()): Promise<string> {
  if (!isKeyName(name))
    throw new UsageError(`A name has 1 to 32 lower-case letters, digits and dashes, unlike ${JSON.stringify(name)}.`);
  const key = `sb_${randomBytes(32).toString('base64url')}`;
  await store.update((keys) => {
    if (keys.some((other) => other.name === name))
      throw new UsageError(`There is a key ${name} already: remove it first, or choose another name.`);
    return [...keys, { name, sha256: hashKey(key), created: day.toISOString().slice(0, 10) }];
  });
  return key;
}

/** Removes a key. */
export async function removeKey(store: KeyStore, name: string): Promise<void> {
  await store.update((keys) => {
    if (keys.every((other) => other.name !== name))
      throw new UsageError(`There is no key ${JSON.stringify(name)}. ${describeKeys(keys)}`);
    return keys.filter((other) => other.name !== name);
  });
}

const describeKeys = (keys: readonly ApiKey[]) =>
  keys.length > 0 ? `There are ${keys.map(({ name }) => name).join(', ')}.` : 'There is none.';

/** Prints the names with their days. */
export async function listKeys(store: KeyStore): Promise<string> {
  const keys = await store.list();
  return keys.length > 0 ? formatRows(keys.map(({ name, created }) => [name, created])) : 'There are no keys.\n';
}

/** Creates the command. `open` finds the keys of a stage, `finish` receives the text of the subcommand. */
export function createKeyCommand(open: (stage: string) => Promise<KeyStore>, finish: (text: string) => void): Command {
  const command = createCommand('npm run key --', 'Looks after the keys of the callers of a deployed stage.')
    .option('--stage <name>', 'the stage whose keys they are', 'dev')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('afterAll', notes);
  const openStage = () => open(command.opts<{ stage: string }>().stage);
  command
    .command('add <name>')
    .description('makes a key and prints it, once')
    .action(async (name: string) => finish(`${await addKey(await openStage(), name)}\n`));
  command
    .command('list')
    .description('names of the keys, and the days on which they were made')
    .action(async () => finish(await listKeys(await openStage())));
  command
    .command('remove <name>')
    .description('removes a key')
    .action(async (name: string) => {
      await removeKey(await openStage(), name);
      finish(`Removed ${name}. The service refuses it within a minute.\n`);
    });
  return command;
}

const openKeyStore = async (stage: string) =>
  createKeyStore(new SSMClient(), (await findDeployment(stage)).output('KeysParameter'));

await runCommand(import.meta.url, async (args) => {
  const write = (text: string) => process.stdout.write(text);
  await createKeyCommand(openKeyStore, write).parseAsync(args, { from: 'user' });
  return 0;
});
