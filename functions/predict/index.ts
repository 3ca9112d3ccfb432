// The Lambda function `functions/predict/index.handler`. Importing it reads the environment and starts the cold start; other
// code takes what it needs from the files beside it.

import { createLog } from '../../layers/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { initPatience } from './init-phase.ts';
import { createModelProvider } from './model-provider.ts';
import { waitAtMost } from './patience.ts';
import { loadServedModel } from './served-model.ts';

const configuration = readConfiguration(process.env);
const initType = process.env.AWS_LAMBDA_INITIALIZATION_TYPE;
const log = createLog({ level: configuration.logLevel, fields: { initType } });
const models = createModelProvider(() => loadServedModel(configuration, { log }));

// The first bytes are asked for before the code that will answer is even read.
const loading = models.current().catch(() => undefined);
const [{ createApp }, { createHandler }] = await Promise.all([import('./app.ts'), import('./handler.ts')]);
await waitAtMost(initPatience(initType), loading);

/** Answers API Gateway. If the model took longer than the init phase allows, the first request goes on waiting for it. */
export const handler = createHandler(createApp({ models, log }));
