// The OpenAPI document by a linter, and by the application that it describes.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { createApp } from '../../../functions/predict/app.ts';
import { createDocument } from '../../../functions/predict/contract.ts';
import { errorCodes } from '../../../functions/predict/errors.ts';
import { addOperationRoutes } from '../../../local/operation-routes.ts';
import { createTinyService } from './tiny-service.ts';
import { firstVersion, writeTinyStore } from './tiny-store.ts';

const everything = { page: true, keys: true, operation: true, feedback: 'texts' } as const;

const lint = async (document: unknown) => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
};

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly headers: object; readonly content?: Readonly<Record<string, object>> }>
  >;
}

const listOperations = (document: { readonly paths?: object }) =>
  Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );

it.each([[everything], [{ page: false, keys: false }], [{ page: false, keys: true, feedback: 'ids' as const }]])(
  'the document of a service with %j passes the strict rules of the linter',
  async (parts) => {
    expect(await lint(createDocument(parts))).toEqual([]);
  },
);

it('the linter finds what is wrong', async () => {
  const { paths: _, ...document } = createDocument(everything);
  expect(await lint(document)).not.toEqual([]);
});

it('names all routes of the application, but for the files of the page, and no others', () => {
  const { models } = createTinyService('/no/such/folder');
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const feedback = { keep: async () => undefined, texts: true };
  const app = createApp({ models, log, feedback, pageFolder: '/no/such/folder' });
  const metrics = { observe() {}, contentType: 'text/plain', write: async () => '' };
  addOperationRoutes(app, { models, metrics });
  const served = app.routes.filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/assets'));
  const described = listOperations(createDocument(everything)).map(({ path, method }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual(served.map(({ method, path }) => `${method.toLowerCase()} ${path}`).toSorted());
});

it('shows an example of every error that a described request can get', () => {
  const operations = listOperations(createDocument(everything));
  const shown = new Set(
    operations.flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap(({ content }) => {
        const { examples = {} } = (content?.['application/json'] ?? {}) as { readonly examples?: object };
        return Object.keys(examples);
      }),
    ),
  );
  const ofOtherRequests = ['METHOD_NOT_ALLOWED', 'METHOD_UNKNOWN'];
  const ofItems = ['TIME_BUDGET'];
  expect([...shown, ...ofOtherRequests, ...ofItems].toSorted()).toEqual(errorCodes.toSorted());
});

it('describes the headers that answers have', async () => {
  const { app, release } = createTinyService(await writeTinyStore());
  const { operation } = listOperations(createDocument(everything))[0] ?? {};
  const answer = await app.request('/predict?sentence=good');
  expect(answer.headers.get('x-model-version')).toBe(firstVersion);
  for (const name of Object.keys(operation?.responses[200]?.headers ?? {})) expect(answer.headers.has(name)).toBe(true);
  await release();
});

it('has a name of its own for each operation', () => {
  const names = listOperations(createDocument(everything)).map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('predict');
});
