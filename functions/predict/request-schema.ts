// What a caller may send: the query, the form and the JSON body. The schemas validate requests and describe them in the OpenAPI
// document.
import { z } from '@hono/zod-openapi';
import { findTextFault, maxCharacters, type PredictionParameters } from '../../layers/prediction/index.ts';
import { ApiError, type ErrorCode } from './errors.ts';

/** Most texts of one list. */
export const maxInputs = 256;

/** Names a value that is not what was asked for. */
function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40).toWellFormed()}…` : value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The second half of a sentence that begins with the name of a field. */
export const give = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    `is ${input === undefined ? 'missing' : describeValue(input)}: give ${what}`,
});

const longValues = ['cut', 'windows'] as const;
const longText =
  'How to read a text that is longer than the model reads: `cut` reads its beginning, `windows` all of it';
const explainText = 'Whether to say what each word contributes to the label';

const code = (code: ErrorCode) => code;

/** How the OpenAPI document describes a text. Other languages count U+FEFF as no white space. */
export const sentenceText = {
  minLength: 1,
  maxLength: maxCharacters,
  pattern: '[^\\s\\u001c-\\u001f\\u0085\\ufeff]',
  example: 'this is the best book ever',
};

/** The message of an issue with the sentence is the code of the error answer. */
const sentence = z
  .string({ error: ({ input }) => code(input === undefined ? 'SENTENCE_MISSING' : 'SENTENCE_REPEATED') })
  .superRefine((text, { addIssue }) => {
    const fault = findTextFault(text);
    if (fault) addIssue(fault);
  })
  .openapi({ description: 'The text to judge, in English. `+` is a space.', ...sentenceText });

/** The parameters of one sentence, in an address or a form. */
export const sentenceParameters = z.object({
  sentence,
  long: z.enum(longValues, give('"cut" or "windows" once')).default('cut').openapi({ description: longText }),
  explain: z
    .enum(['true', 'false'], give('"true" or "false" once'))
    .default('false')
    .openapi({ description: explainText }),
});

/** The fields of a form: those of the address, and no others. */
export const sentenceForm = z
  .strictObject(sentenceParameters.shape)
  .openapi('SentenceForm', { title: 'SentenceForm', description: 'One sentence, as HTML forms send it' });

type SentenceParameters = Omit<z.infer<typeof sentenceParameters>, 'sentence'>;

/** The parameters of an address or a form as they are for a list. */
export const toParameters = ({ long, explain }: SentenceParameters): PredictionParameters => ({
  long,
  explain: explain === 'true',
});

/** A text of a JSON body, whatever it holds. */
export const wholeText = z
  .string(give('a text'))
  .refine(
    (value) => value.isWellFormed(),
    'holds half of a surrogate pair: escape both halves, or write the character',
  );

const inputs = z
  .union(
    [wholeText, z.array(wholeText, give('a list')).min(1, 'is an empty list: give at least one text').max(maxInputs)],
    {
      ...give('a text or a list of texts'),
    },
  )
  .openapi({
    description: 'A text, or a list of texts. Texts that are blank or too long get an error in their place',
    example: ['this is the best book ever', 'this is the worst book ever'],
  });

const parameters = z
  .strictObject(
    {
      long: z.enum(longValues, give('"cut" or "windows"')).default('cut').openapi({ description: longText }),
      explain: z.boolean(give('true or false')).default(false).openapi({ description: explainText }),
    },
    give('an object'),
  )
  .openapi('Parameters', { title: 'Parameters' });

/** The JSON body of `POST /predict`. */
export const listRequest = z
  .strictObject({ inputs, parameters: parameters.optional() }, give('an object with "inputs"'))
  .openapi('PredictRequest', { title: 'PredictRequest' });

/** Texts, and how to read them. */
export interface ListRequest {
  readonly inputs: readonly string[];
  readonly parameters: PredictionParameters;
}

type Issue = z.core.$ZodIssue;

/** Reads the fields of a form, as Hono reads those of a query. */
export function readForm(text: string): Record<string, string[]> {
  const form = new URLSearchParams(text);
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name)]));
}

/**
 * Checks the fields of a query or a form.
 *
 * @throws ApiError with the fault of the sentence; if it has none, `PARAMETER_INVALID` that names every parameter that is wrong.
 */
export function checkSentence(
  fields: Readonly<Record<string, readonly string[]>>,
  schema: typeof sentenceParameters,
): z.infer<typeof sentenceParameters> {
  const single = Object.entries(fields).map(([name, values]) => [name, values.length > 1 ? values : values[0]]);
  const { data, error } = schema.safeParse(Object.fromEntries(single));
  if (data) return data;
  const fault = error.issues.find(({ path }) => path[0] === 'sentence');
  if (fault) throw new ApiError(fault.message as ErrorCode);
  throw new ApiError('PARAMETER_INVALID', { message: describeProblems(error, 'parameter') });
}

/**
 * Checks a parsed JSON body.
 *
 * @throws ApiError `INPUTS_TOO_MANY`, or `BODY_INVALID` that names every field that is wrong.
 */
export function checkListRequest(body: unknown): ListRequest {
  const { inputs: given } = (body ?? {}) as { readonly inputs?: unknown };
  if (Array.isArray(given) && given.length > maxInputs) throw new ApiError('INPUTS_TOO_MANY');
  const { data, error } = listRequest.safeParse(body);
  if (!data) throw new ApiError('BODY_INVALID', { message: describeProblems(error, 'field') });
  const { inputs, parameters: asked = { long: 'cut', explain: false } } = data;
  return { inputs: typeof inputs === 'string' ? [inputs] : inputs, parameters: asked };
}

/** Says as much as a reader can use. */
const mostProblems = 5;

function join(problems: readonly string[]): string {
  const more = problems.length - mostProblems;
  return [...problems.slice(0, mostProblems), ...(more > 0 ? [`And ${more} more.`] : [])].join(' ');
}

/** Names every field or parameter that is wrong, in a sentence each. */
export const describeProblems = ({ issues }: z.core.$ZodError, kind: 'field' | 'parameter'): string =>
  join(issues.flatMap((issue) => describeIssue(issue, kind)));

/** `inputs[2]`, `parameters.long`. */
const formatPath = (path: readonly PropertyKey[]) =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

function describeIssue(issue: Issue, kind: 'field' | 'parameter', above: readonly PropertyKey[] = []): string[] {
  const path = [...above, ...issue.path];
  const where = path.length > 0 ? `The ${kind} ${JSON.stringify(formatPath(path))}` : 'The body';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(
      (key) => `${where} has ${describeValue(key)}, which is no ${kind} of this service: leave it out.`,
    );
  const branch = issue.code === 'invalid_union' ? issue.errors.find(isOfRightType) : undefined;
  return branch?.flatMap((inner) => describeIssue(inner, kind, path)) ?? [`${where} ${issue.message}.`];
}

/** Whether these are the issues of the alternative that the caller meant. */
const isOfRightType = (issues: readonly Issue[]) =>
  !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
