import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { findKeyName } from '../../functions/predict/keys.ts';
import { readParameter } from '../../functions/predict/parameter-store.ts';
import { createKeyCommand } from '../../local/key.ts';
import { createKeyStore, type KeyStore } from '../../local/key-store.ts';
import { findEndpoint } from '../s3/buckets.ts';

const endpoint = findEndpoint();
const client = new SSMClient({ endpoint, region: 'us-east-1' });

/** The keys of a stage that no other test has, in the tests' SSM. */
function plant() {
  const name = `/${randomUUID()}/keys`;
  const store = createKeyStore(client, name);
  const environment = { ...process.env, AWS_ENDPOINT_URL: endpoint };
  return { name, store, read: () => readParameter(name, environment) };
}

/** Runs the command. Returns what it prints. */
async function run(store: KeyStore, ...args: string[]): Promise<string> {
  let printed = '';
  const command = createKeyCommand(
    async () => store,
    (text) => {
      printed += text;
    },
  );
  await command.parseAsync(args, { from: 'user' });
  return printed;
}

describe('npm run key', () => {
  it('adds a key, shows it once and keeps its hash only', async () => {
    const { store, read } = plant();
    const key = (await run(store, 'add', 'anna')).trim();
    expect(key).toMatch(/^sb_[\w-]{43}$/);
    expect(await read()).not.toContain(key);
    expect(await run(store, 'list')).toMatch(/^anna +\d{4}-\d\d-\d\d\n$/);
    expect(findKeyName(await store.list(), key)).toBe('anna');
  });

  it('lists keys in the order in which they were added, and removes one', async () => {
    const { store } = plant();
    for (const name of ['zoe', 'anna', 'bert']) await run(store, 'add', name);
    expect(await run(store, 'remove', 'anna')).toBe('Removed anna. The service refuses it within a minute.\n');
    expect((await store.list()).map(({ name }) => name)).toEqual(['zoe', 'bert']);
  });

  it('leaves no parameter behind after the last key', async () => {
    const { store, read } = plant();
    await run(store, 'add', 'anna');
    await run(store, 'remove', 'anna');
    expect(await read()).toBeUndefined();
    expect(await run(store, 'list')).toBe('There are no keys.\n');
  });

  it.each([
    ['a name twice', ['add', 'anna'], 'There is a key anna already'],
    ['a name that is none', ['add', 'Anna B'], 'A name has 1 to 32 lower-case letters, digits and dashes'],
    ['the removal of no key', ['remove', 'bert'], 'There is no key "bert". There are anna.'],
    ['nothing', [], 'Which command? add, list, remove.'],
    ['no name', ['add'], "Missing required argument 'name'."],
  ])('refuses %s', async (_what, args, sentence) => {
    const { store } = plant();
    await run(store, 'add', 'anna');
    await expect(run(store, ...args)).rejects.toThrow(sentence);
    expect(await store.list()).toHaveLength(1);
  });
});

describe('the parameter', () => {
  it('is a SecureString', async () => {
    const { name, store } = plant();
    await run(store, 'add', 'anna');
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name }));
    expect(Parameter?.Type).toBe('SecureString');
  });

  it('takes no more keys than fit into it', async () => {
    const { store } = plant();
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        name: `key-${index}`,
        sha256: 'a'.repeat(64),
        created: '2026-11-28',
      }));
    await store.update(() => many(30));
    await expect(store.update(() => many(60))).rejects.toThrow('A parameter holds no more than 4096 bytes');
    expect(await store.list()).toHaveLength(30);
  });

  it('tells of a change that somebody else made at the same time', async () => {
    const { name, store } = plant();
    await run(store, 'add', 'anna');
    const overtaken = createKeyStore(
      Object.assign(Object.create(client), {
        send: async (command: unknown) => {
          if (command instanceof PutParameterCommand)
            await client.send(new PutParameterCommand({ Name: name, Value: '{"keys":[]}', Overwrite: true }));
          return client.send(command as PutParameterCommand);
        },
      }),
      name,
    );
    await expect(run(overtaken, 'add', 'bert')).rejects.toThrow('Somebody else changed the keys at the same time');
  });

  it('is read by the function with the signature of SSM', async () => {
    const { store, read } = plant();
    expect(await read()).toBeUndefined();
    await run(store, 'add', 'anna');
    expect(JSON.parse((await read()) ?? '')).toMatchObject({ keys: [{ name: 'anna' }] });
  });

  it('cannot be read without permission: the error names the code of SSM', async () => {
    const server = createServer((_request, response) => {
      response.statusCode = 400;
      response.end('{"__type":"com.amazonaws.ssm#AccessDeniedException","Message":"…"}');
    }).listen(0);
    await once(server, 'listening');
    const AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(readParameter('/stage/keys', { ...process.env, AWS_ENDPOINT_URL })).rejects.toThrow(
      'The parameter /stage/keys cannot be read: AccessDeniedException.',
    );
    server.close();
  });
});
