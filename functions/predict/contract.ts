import { createRoute, z } from '@hono/zod-openapi';
import { type ErrorCode, errorCodes } from './errors.ts';

/** Longest text that is accepted, in characters (Unicode code points, as OpenAPI counts). */
export const maxCharacters = 100_000;

/** JavaScript's `\s` lacks some characters that are white space to the tokenizer. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are white space to the tokenizer
const blank = /^[\s\u001c-\u001f\u0085]*$/;

/** The error code for a text that cannot be classified, or undefined. */
export function findTextFault(text: string): 'SENTENCE_BLANK' | 'SENTENCE_TOO_LONG' | undefined {
  if (isLongerThan(text, maxCharacters)) return 'SENTENCE_TOO_LONG';
  return blank.test(text) ? 'SENTENCE_BLANK' : undefined;
}

/** Counts code points only if the count of UTF-16 units, which costs nothing, does not decide. */
function isLongerThan(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  return text.length > 2 * characters || Array.from(text).length > characters;
}

const code = (code: ErrorCode) => code;

/** The message of a validation issue is the code of the error answer. */
const sentence = z
  .string({ error: ({ input }) => code(input === undefined ? 'SENTENCE_MISSING' : 'SENTENCE_REPEATED') })
  .superRefine((text, { addIssue }) => {
    const fault = findTextFault(text);
    if (fault) addIssue(fault);
  })
  .openapi({
    description: 'The text to judge, in English. `+` is a space.',
    minLength: 1,
    maxLength: maxCharacters,
    example: 'this is the best book ever',
  });

const version = z.string().openapi({ description: 'Version of the model', example: '20261123T081500Z-3f9a1c2' });

const answer = z
  .object({
    response: z.object({
      positive: z.string().openapi({
        description: 'Probability that the text is positive and not negative; neutral is left out of it',
        example: '0.99670726',
      }),
      negative: z.string().openapi({ description: '1 − positive', example: '0.0032927394' }),
      sentence: z.string().openapi({ description: 'The text as it was sent' }),
      time_taken: z.string().openapi({ description: 'Seconds that the model took', example: '0.029' }),
    }),
    label: z.string().openapi({ description: 'The likeliest class', example: 'positive' }),
    probabilities: z.record(z.string(), z.number()).openapi({
      description: 'Probability of each class of the model, in the order of its labels; they sum to 1',
      example: { negative: 0.0021, neutral: 0.0412, positive: 0.9567 },
    }),
    model: version,
    tokens: z.int().openapi({ description: 'Tokens that the model read, its two markers counted' }),
    unknown: z.int().openapi({ description: 'Those of them that the model does not know' }),
    truncated: z.boolean().openapi({ description: 'Whether the text was longer than the model reads' }),
    dropped: z.int().optional().openapi({ description: 'Tokens that were cut off; only if truncated' }),
  })
  .openapi('Answer');

/** The body of a prediction. */
export type Answer = z.infer<typeof answer>;

const quality = z.object({
  rows: z.int(),
  accuracy: z.number(),
  f1: z.number().openapi({ description: 'Of the class positive' }),
  auc: z.number().openapi({ description: 'Of the class positive' }),
  ece: z.number().openapi({ description: 'Expected calibration error' }),
});

const classQuality = z.object({ rows: z.int(), precision: z.number(), recall: z.number(), f1: z.number() });
const behaviour = z.object({ name: z.string(), cases: z.int(), failed: z.number() });

const metrics = quality.extend({
  macroF1: z.number().optional().openapi({ description: 'Mean of the F1 of the classes' }),
  classes: z.record(z.string(), classQuality).optional().openapi({ description: 'Figures of each class' }),
  polar: quality.optional().openapi({ description: 'Without neutral rows, and neutral left out of the answers' }),
  behaviours: z.array(behaviour).optional().openapi({ description: 'Share of failed cases of each behaviour test' }),
});

const model = z
  .object({
    version,
    createdAt: z.string(),
    labels: z.array(z.string()).openapi({ description: 'In logit order' }),
    maxTokens: z.int().openapi({ description: 'Tokens that the model reads' }),
    precision: z.enum(['int8', 'fp32']),
    metrics: metrics.openapi({ description: 'On the validation split. Older versions have fewer figures' }),
  })
  .openapi('Model');

/** The body of `GET /model`: the public part of the manifest. */
export type PublicModel = z.infer<typeof model>;

const health = z.object({ status: z.literal('ok') }).openapi('Health');
const failure = z.object({ error: z.object({ code: z.enum(errorCodes), message: z.string() }) }).openapi('Error');

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
  summary: 'Whether a text is positive, negative or neutral',
  request: { query: z.object({ sentence }) },
  responses: {
    200: json('The probabilities', answer),
    304: unchanged,
    400: json('The sentence is missing, blank or repeated', failure),
    413: json('The sentence is too long to read', failure),
    500: broken,
    503: noModel,
  },
});

export const modelRoute = createRoute({
  method: 'get',
  path: '/model',
  summary: 'The model that answers',
  responses: { 200: json('The model', model), 304: unchanged, 500: broken, 503: noModel },
});

export const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  summary: 'Whether the service is alive, with or without a model',
  responses: { 200: json('Alive', health) },
});
