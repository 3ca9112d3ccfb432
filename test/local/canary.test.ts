// A canary of `npm start`: both versions in worker processes of their own.
import { setTimeout as sleep } from 'node:timers/promises';
import { isInShare, openModelStore } from '../../layers/model-store/index.ts';
import { promote, rollBack } from '../../local/model-pointer.ts';
import { type BuiltService, startBuiltService } from './built-service.ts';
import { makeTinyVersions } from './switching/two-versions.ts';

let service: BuiltService | undefined;
afterAll(() => service?.stop());

const share = 50;
const texts = Array.from({ length: 60 }, (_, index) => `a good book number ${index}`);

interface ListAnswer {
  readonly model: string;
  readonly results: readonly { readonly label: string; readonly model?: string }[];
}

it('gives each version its texts, alone and in lists, until it is rolled back', async () => {
  const { root, first, second } = await makeTinyVersions();
  const store = openModelStore(`file://${root}`);
  await promote(store, second, { force: true, share, minutes: 5 });
  process.env.MODEL_REFRESH_SECONDS = '1';
  service = await startBuiltService({ store: root, words: ['--workers', '2', '--queue', '8'] });
  const { address } = service;
  const ask = async (text: string) => {
    const response = await fetch(`${address}/predict?sentence=${encodeURIComponent(text)}`);
    expect(response.status).toBe(200);
    return response.headers.get('X-Model-Version');
  };
  const askAll = async () => {
    const versions: (string | null)[] = [];
    for (const text of texts) versions.push(await ask(text));
    return versions;
  };
  const askList = async (): Promise<ListAnswer> => {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ inputs: texts });
    const response = await fetch(`${address}/predict`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    return (await response.json()) as ListAnswer;
  };
  const until = async (expected: readonly string[]) => {
    for (let round = 0; round < 100; round++) {
      if (JSON.stringify(await askAll()) === JSON.stringify(expected)) return;
      await sleep(100);
    }
    expect(await askAll()).toEqual(expected);
  };

  const byVersion = texts.map((text) => (isInShare(text, share) ? second : first));
  await until(byVersion);
  const { model, results } = await askList();
  expect(results.map((result) => result.model ?? model)).toEqual(byVersion);
  expect(await (await fetch(`${address}/metrics`)).text()).toMatch(
    new RegExp(`model_info\\{version="${first}"\\} 1\nmodel_info\\{version="${second}"\\} 1`),
  );

  await rollBack(store, {});
  await until(texts.map(() => first));
});
