import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import {
  chooseModel,
  type LoadedModel,
  type PredictionParameters,
  type ServedModel,
} from '../../layers/prediction/index.ts';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import { classifySentence, describeModel } from './answer.ts';
import { requireKey } from './authentication.ts';
import { readBody } from './body.ts';
import { cacheControl, createTag, matchesTag } from './caching.ts';
import { ApiError, CallerGoneError } from './errors.ts';
import { addFeedback } from './feedback.ts';
import type { FeedbackOptions } from './feedback-stream.ts';
import { parseJson } from './json.ts';
import { answerJson } from './json-answer.ts';
import type { FindKey } from './keys.ts';
import { predictList } from './list.ts';
import { type ModelAccess, withModel, withText, withTexts } from './model-access.ts';
import {
  addOutcome,
  fail,
  logRequests,
  type Observe,
  type RequestContext,
  type RequestEnvironment,
} from './observability.ts';
import { addPage } from './page/routes.ts';
import { showParts } from './parts.ts';
import {
  checkListRequest,
  checkSentence,
  type ListRequest,
  readForm,
  sentenceForm,
  sentenceParameters,
  toParameters,
} from './request-schema.ts';
import { readDeadline } from './timeout.ts';

interface Dependencies extends ModelAccess {
  readonly log: Log;
  /** Milliseconds in which the body of a request must arrive. */
  readonly bodyTimeoutMs?: number;
  /** Whether the log contains the texts of the requests. */
  readonly logText?: boolean;
  /** Finds the name of a key. With it the service asks every caller for one. */
  readonly findKey?: FindKey | undefined;
  /** Whether the log has a line for each request. */
  readonly accessLog?: boolean;
  /** Called after every request. */
  readonly observe?: Observe;
  /** Where feedback goes; without it there is no route for it. */
  readonly feedback?: FeedbackOptions | undefined;
  /** `page/` of the built project; without it there is no page. */
  readonly pageFolder?: string | undefined;
}

/** The application, for any server that uses `fetch` requests and responses. */
export type App = ReturnType<typeof createApp>;

/** The status in the log of a request whose caller went away before its text had its turn, as nginx writes it. */
const callerGone = 499;

function showVersion(c: RequestContext, model: LoadedModel | undefined): void {
  if (!model || model.manifest.version === c.get('outcome').modelVersion) return;
  c.header('X-Model-Version', model.manifest.version);
  addOutcome(c, { modelVersion: model.manifest.version, modelCreatedAt: model.manifest.createdAt });
}

/** Sets the headers for caches. Only for answers that caches may keep. */
function allowCaching(c: RequestContext, tag: string): void {
  c.header('ETag', tag);
  c.header('Cache-Control', cacheControl);
}

/** The empty answer for a caller that has the current answer already; undefined for others. */
function answerUnchanged(c: RequestContext, tag: string) {
  if (!matchesTag(c.req.header('If-None-Match'), tag)) return undefined;
  allowCaching(c, tag);
  return c.body(null, 304);
}

/** Classifies the sentence of an address or a form. */
async function predictSentence(
  c: RequestContext,
  model: LoadedModel,
  sentence: string,
  parameters: PredictionParameters,
) {
  const { answer, stages } = await classifySentence(model, sentence, parameters);
  const { label, tokens, unknown, truncated, reliable, reason } = answer;
  const parts = c.get('outcome').parts?.map((part) => ({ ...part, answers: 1, runMs: stages.runMs }));
  addOutcome(c, {
    label,
    tokens,
    unknown,
    truncated,
    reliable,
    ...(reason && { reason }),
    predictions: [answer],
    stages,
    ...(parts && { parts }),
  });
  return answer;
}

/** Answers a list of texts. During a canary its version is that of its first text. */
async function answerList(c: RequestContext, served: ServedModel, request: ListRequest) {
  const limits = { deadline: readDeadline(c.env), signal: c.req.raw.signal };
  const [first = ''] = request.inputs;
  const model = chooseModel(served, first);
  showVersion(c, model);
  addOutcome(c, showParts(served, request.inputs));
  const { results, outcome, late } = await predictList(served, request, limits);
  addOutcome(c, outcome);
  if (late) c.header('Retry-After', '1');
  return answerJson(c, { model: model.manifest.version, results });
}

/** Creates the application. Lambda, the local server and the tests use the same one. */
export function createApp(dependencies: Dependencies) {
  const { models, log, logText = false, accessLog = true, findKey, observe, pageFolder } = dependencies;
  const { bodyTimeoutMs = 20_000, feedback } = dependencies;
  const app = new Hono<RequestEnvironment>({ strict: false });

  app.use(logRequests(accessLog ? log : undefined, observe));
  if (findKey) app.use(requireKey(findKey));
  app.use(async (c, next) => {
    showVersion(c, models.loaded());
    await next();
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => fail(c, 'METHOD_NOT_ALLOWED', { headers: { Allow: methods.join(', ') } }),
    }),
  );
  app.notFound((c) => fail(c, 'ROUTE_UNKNOWN'));
  app.onError((error, c) => {
    if (error instanceof ApiError) return fail(c, error.code, { message: error.message });
    if (error instanceof CallerGoneError) return new Response(null, { status: callerGone });
    log.error('request failed', { requestId: c.get('requestId'), error: describeFailure(error) });
    return fail(c, 'INTERNAL');
  });

  app.get('/predict', async (c) => {
    const { sentence, ...asked } = checkSentence(c.req.queries(), sentenceParameters);
    if (logText) addOutcome(c, { text: sentence });
    return withText(dependencies, { text: sentence, signal: c.req.raw.signal }, async (model, served) => {
      showVersion(c, model);
      addOutcome(c, showParts(served, [sentence]));
      const tag = createTag(model.manifest.version, sentence, asked.long, asked.explain);
      const unchanged = answerUnchanged(c, tag);
      if (unchanged) return unchanged;
      const answer = await predictSentence(c, model, sentence, toParameters(asked));
      allowCaching(c, tag);
      return answerJson(c, answer);
    });
  });

  app.post('/predict', async (c) => {
    c.header('Cache-Control', 'no-store');
    const { kind, text } = await readBody(c.req.raw, bodyTimeoutMs);
    if (kind === 'json') {
      const request = checkListRequest(await parseJson(text));
      if (logText) addOutcome(c, { text: request.inputs.join('\n') });
      return withTexts(dependencies, { texts: request.inputs, signal: c.req.raw.signal }, (served) =>
        answerList(c, served, request),
      );
    }
    const { sentence, ...asked } = checkSentence(readForm(text), sentenceForm);
    if (logText) addOutcome(c, { text: sentence });
    return withText(dependencies, { text: sentence, signal: c.req.raw.signal }, async (model, served) => {
      showVersion(c, model);
      addOutcome(c, showParts(served, [sentence]));
      return answerJson(c, await predictSentence(c, model, sentence, toParameters(asked)));
    });
  });

  app.get('/model', async (c) =>
    withModel(dependencies, async (model) => {
      showVersion(c, model);
      const tag = createTag(model.manifest.version);
      const unchanged = answerUnchanged(c, tag);
      if (unchanged) return unchanged;
      allowCaching(c, tag);
      return answerJson(c, describeModel(model));
    }),
  );

  app.get('/health', (c) => answerJson(c, { status: 'ok' }, 200, { 'Cache-Control': 'no-store' }));

  let document: unknown;
  app.get('/openapi.json', async (c) => {
    document ??= (await import('./contract.ts')).createDocument({
      page: pageFolder !== undefined,
      keys: findKey !== undefined,
      // The server on this machine adds routes of its own.
      operation: app.routes.some(({ path }) => path === '/ready'),
      ...(feedback && { feedback: feedback.texts ? 'texts' : 'ids' }),
    });
    return answerJson(c, document);
  });
  if (feedback) addFeedback(app, { ...feedback, log, bodyTimeoutMs });
  if (pageFolder !== undefined) addPage(app, pageFolder);
  return app;
}
