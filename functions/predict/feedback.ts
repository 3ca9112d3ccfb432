// `POST /feedback`: a caller says which class would have been right. docs/drift.md#feedback says what becomes of it.
import type { Hono } from 'hono';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import { readBody } from './body.ts';
import { ApiError } from './errors.ts';
import type { FeedbackOptions } from './feedback-stream.ts';
import { parseJson } from './json.ts';
import { answerJson } from './json-answer.ts';
import type { RequestEnvironment } from './observability.ts';

interface Dependencies extends FeedbackOptions {
  readonly log: Log;
  readonly bodyTimeoutMs: number;
}

/** Adds the route. The answer comes when the feedback is kept. */
export function addFeedback(app: Hono<RequestEnvironment>, { keep, texts, log, bodyTimeoutMs }: Dependencies): void {
  app.post('/feedback', async (c) => {
    c.header('Cache-Control', 'no-store');
    const { kind, text } = await readBody(c.req.raw, bodyTimeoutMs);
    if (kind !== 'json')
      throw new ApiError('CONTENT_TYPE_UNSUPPORTED', {
        message: 'Send the body as application/json, in UTF-8 and not compressed.',
      });
    const { checkFeedback } = await import('./feedback-schema.ts');
    const feedback = checkFeedback(await parseJson(text), texts);
    const { key } = c.get('outcome');
    await keep({ receivedAt: new Date().toISOString(), ...feedback, key }).catch((cause: unknown) => {
      log.error('feedback not kept', { requestId: c.get('requestId'), error: describeFailure(cause) });
      throw new ApiError('FEEDBACK_UNAVAILABLE', { cause });
    });
    return answerJson(c, { status: 'accepted' }, 202);
  });
}
