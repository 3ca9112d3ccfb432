// The part `handler`: the built Lambda function in this process, one event after the other, with switches of the version.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handler } from '../../../functions/predict/handler.ts';
import { createEvent, lambdaContext } from '../../functions/predict/http-event.ts';
import type { Part } from '../campaign.ts';
import { createAsk, type Send } from './asking.ts';
import { publishBoth } from './disturbances.ts';
import { sendWhileSwitching } from './switched-load.ts';

const others = [
  ['/model', 200],
  ['/health', 200],
  ['/nowhere', 404],
] as const;

/** Imports the function as Lambda does. It reads its settings from the environment. */
async function loadHandler(dist: string, root: string): Promise<Handler> {
  Object.assign(process.env, {
    MODEL_URI: `file:${root}`,
    MODEL_REFRESH_SECONDS: '1',
    MODEL_THREADS: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  });
  const { handler } = await import(pathToFileURL(join(dist, 'functions', 'predict', 'index.mjs')).href);
  return handler;
}

const createSend =
  (handler: Handler): Send =>
  async (address, body) => {
    const [path = '', query = ''] = address.split('?');
    const event =
      body === undefined
        ? createEvent({ path, query })
        : createEvent({ path, method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const { statusCode, headers, body: text } = await handler(event, lambdaContext);
    const version = headers?.['x-model-version'];
    return { status: statusCode, version: version === undefined ? undefined : String(version), text };
  };

export const handler: Part = {
  name: 'handler',
  unit: 'requests',
  short: 15_000,
  parallel: false,
  run: async (context) => {
    const { seed, folder, dist } = context;
    const root = await publishBoth(folder);
    const ask = createAsk(createSend(await loadHandler(dist, root)), seed, others);
    return sendWhileSwitching({ name: 'handler', clients: 1, pid: process.pid, ask }, context, root);
  },
};
