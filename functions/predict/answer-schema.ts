// What the service answers. The schemas give the types of the answers and describe them in the OpenAPI document.
import { z } from '@hono/zod-openapi';
import { errorCodes, itemErrorCodes } from './errors.ts';

const version = z.string().openapi({ description: 'Version of the model', example: '20261123T081500Z-3f9a1c2' });
const label = z.string().openapi({ description: 'The likeliest class', example: 'positive' });
const score = z.number().min(0).max(1).openapi({ description: 'Probability of the label', example: 0.9567 });
const start = z.int().min(0).openapi({ description: 'Offset of the first character, in Unicode code points' });
const end = z.int().min(0).openapi({ description: 'Offset after the last character, in Unicode code points' });

const window = z.object({ start, end, label, score }).openapi('Window', { title: 'Window' });

const word = z
  .object({
    start,
    end,
    weight: z.number().openapi({ description: 'What the word adds to the score, or takes from it' }),
  })
  .openapi('Word', { title: 'Word' });

const explanation = z
  .object({
    baseline: z.number().openapi({ description: 'Score of the label without any word' }),
    words: z.array(word).openapi({ description: 'In the order of the text; the weights sum to score − baseline' }),
  })
  .openapi('Explanation', { title: 'Explanation' });

/** What is known of a text besides its class. */
const findings = {
  tokens: z.int().openapi({ description: 'Tokens that the model read, its two markers counted', example: 8 }),
  unknown: z.int().openapi({ description: 'Those of them that the model does not know', example: 0 }),
  truncated: z.boolean().openapi({ description: 'Whether a part of the text was not read', example: false }),
  dropped: z.int().optional().openapi({ description: 'Tokens that were cut off; only if truncated' }),
  reliable: z.boolean().openapi({ description: 'Whether the text is one that the model can judge', example: true }),
  reason: z
    .enum(['language', 'unknown_tokens'])
    .optional()
    .openapi({ description: 'Why the answer is not reliable; only then' }),
  windows: z.array(window).optional().openapi({ description: 'Parts of the text; only with long=windows' }),
  explanation: explanation.optional().openapi({ description: 'Contribution of each word; only with explain' }),
};

const probabilities = z.record(z.string(), z.number()).openapi({
  description: 'Probability of each class of the model, in the order of its labels; they sum to 1',
  example: { negative: 0.0021, neutral: 0.0412, positive: 0.9567 },
});

const otherVersion = version.optional().openapi({
  description: 'Version that answered the text; only if it is not that of the list',
});

const prediction = z
  .object({ label, score, probabilities, ...findings, model: otherVersion })
  .openapi('Prediction', { title: 'Prediction' });

const itemFailure = z
  .object({ error: z.object({ code: z.enum(itemErrorCodes), message: z.string() }) })
  .openapi('PredictionError', { title: 'PredictionError', description: 'In the place of a prediction' });

const result = z.union([prediction, itemFailure]).openapi('Result', { title: 'Result' });

/** One element of the answer to a list. */
export type Result = z.infer<typeof result>;

/** A prediction as the page reads it. */
export type Prediction = z.infer<typeof prediction>;

/** The body of an answer to a list. */
export const listAnswer = z
  .object({
    model: version.openapi({ description: 'Version of the model that answered the first text' }),
    results: z.array(result).openapi({ description: 'One for each input, in the order of the inputs' }),
  })
  .openapi('Predictions', { title: 'Predictions' });

/** The body of an answer to a list of texts. */
export type ListAnswer = z.infer<typeof listAnswer>;

const response = z.object({
  positive: z.string().openapi({
    description: 'Probability that the text is positive and not negative; neutral is left out of it',
    example: '0.99670726',
  }),
  negative: z.string().openapi({ description: '1 − positive', example: '0.0032927394' }),
  sentence: z.string().openapi({ description: 'The text as it was sent', example: 'this is the best book ever' }),
  time_taken: z.string().openapi({ description: 'Seconds that the model took', example: '0.029' }),
});

/** The body of an answer to one sentence. */
export const answer = z
  .object({ response, label, score, probabilities, model: version, ...findings })
  .openapi('Answer', { title: 'Answer' });

/** The body of a prediction for one sentence. */
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

/** The body of `GET /model`. */
export const model = z
  .object({
    version,
    createdAt: z.string(),
    labels: z.array(z.string()).openapi({ description: 'In logit order' }),
    maxTokens: z.int().openapi({ description: 'Tokens that the model reads' }),
    precision: z.enum(['int8', 'fp32']),
    metrics: metrics.openapi({ description: 'On the validation split. Older versions have fewer figures' }),
  })
  .openapi('Model', { title: 'Model' });

/** The public part of the manifest. */
export type PublicModel = z.infer<typeof model>;

/** The body of `GET /health`. */
export const health = z.object({ status: z.literal('ok') }).openapi('Health', { title: 'Health' });

/** The body of an answer to feedback. */
export const accepted = z.object({ status: z.literal('accepted') }).openapi('Accepted', { title: 'Accepted' });

/** The body of `GET /ready`. */
export const readiness = z
  .object({ status: z.literal('ready'), model: version })
  .openapi('Readiness', { title: 'Readiness' });

/** The body of every error answer. */
export const failure = z
  .object({ error: z.object({ code: z.enum(errorCodes), message: z.string() }) })
  .openapi('Error', { title: 'Error' });
