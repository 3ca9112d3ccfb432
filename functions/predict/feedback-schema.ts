// What a caller may send to `POST /feedback`. It is loaded when a request needs it, so that a cold start does not pay for it.
import { z } from '@hono/zod-openapi';
import { findTextFault } from '../../layers/prediction/index.ts';
import { ApiError } from './errors.ts';
import { describeProblems, give, sentenceText, wholeText } from './request-schema.ts';

const id = z
  .string(give('the X-Request-Id of an answer'))
  .regex(/^[A-Za-z0-9._:-]{1,128}$/, 'is no id: give the X-Request-Id of an answer')
  .openapi({ description: 'The X-Request-Id of the answer that was wrong, or right' });

const label = z
  .enum(['negative', 'neutral', 'positive'], give('"negative", "neutral" or "positive"'))
  .openapi({ description: 'The right class' });

const object = give('an object with "requestId" and "label"');

/** The body where no text is kept. */
export const feedbackByRequest = z
  .strictObject({ requestId: id, label }, object)
  .openapi('Feedback', { title: 'Feedback' });

/** The body where texts are kept. One of `requestId` and `text` must be there. */
export const feedbackWithText = z
  .strictObject(
    { requestId: id.optional(), text: wholeText.openapi(sentenceText).optional(), label },
    give('an object with "label" and "text" or "requestId"'),
  )
  .refine(({ requestId, text }) => requestId !== undefined || text !== undefined, {
    message: 'has neither "text" nor "requestId": give one of them',
  })
  .openapi('Feedback', { title: 'Feedback', anyOf: [{ required: ['text'] }, { required: ['requestId'] }] });

/** What a caller says of an answer. */
export type FeedbackBody = z.infer<typeof feedbackWithText>;

/**
 * Checks a parsed JSON body.
 *
 * @param texts - whether the body may have a text.
 * @throws ApiError `BODY_INVALID` that names every field that is wrong, or the fault of the text.
 */
export function checkFeedback(body: unknown, texts: boolean): FeedbackBody {
  const { data, error } = (texts ? feedbackWithText : feedbackByRequest).safeParse(body);
  if (!data) throw new ApiError('BODY_INVALID', { message: describeProblems(error, 'field') });
  const { text }: FeedbackBody = data;
  const fault = text === undefined ? undefined : findTextFault(text);
  if (fault) throw new ApiError(fault);
  return data;
}
