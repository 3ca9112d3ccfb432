// The routes: path, input and every answer. The OpenAPI document follows from them.
import { createRoute, type z } from '@hono/zod-openapi';
import { answer, failure, health, listAnswer, model } from './answer-schema.ts';
import { listRequest, sentenceForm, sentenceParameters } from './request-schema.ts';

const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

const unchanged = { description: 'The answer that If-None-Match names still holds' };
const noModel = json('No model can be had, or too many requests wait: Retry-After says when to ask again', failure);
const broken = json('Something failed on our side', failure);

export const predictRoute = createRoute({
  method: 'get',
  path: '/predict',
  operationId: 'predictSentence',
  summary: 'Whether a text is positive, negative or neutral',
  request: { query: sentenceParameters },
  responses: {
    200: json('The probabilities', answer),
    304: unchanged,
    400: json('The sentence is missing, blank or repeated, or a parameter has a value that it does not take', failure),
    413: json('The sentence is too long to read', failure),
    500: broken,
    503: noModel,
  },
});

export const listRoute = createRoute({
  method: 'post',
  path: '/predict',
  operationId: 'predict',
  summary: 'Whether each of several texts is positive, negative or neutral',
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: listRequest },
        'application/x-www-form-urlencoded': { schema: sentenceForm },
      },
    },
  },
  responses: {
    200: {
      description: 'The predictions, in the order of the inputs. A form is answered like `GET /predict`',
      content: { 'application/json': { schema: listAnswer.or(answer) } },
    },
    400: json('The body cannot be read, or a field of it is wrong: the message names it', failure),
    408: json('The body did not arrive in time', failure),
    413: json('The body is larger than 1 MiB, or has more than 256 inputs', failure),
    415: json('The body is neither JSON nor a form, or is not in UTF-8', failure),
    500: broken,
    503: noModel,
  },
});

export const modelRoute = createRoute({
  method: 'get',
  path: '/model',
  operationId: 'getModel',
  summary: 'The model that answers',
  responses: { 200: json('The model', model), 304: unchanged, 500: broken, 503: noModel },
});

export const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  summary: 'Whether the service is alive, with or without a model',
  responses: { 200: json('Alive', health) },
});
