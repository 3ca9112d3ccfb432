// What a message of the queue or a line of `npm start -- --stdin` may be: a text, or a JSON object with a text and other fields.
import type { FailedRecord, TextRecord } from '../../layers/prediction/index.ts';

/** A message that can be scored, or what is wrong with it. */
export type Reading =
  | { readonly record: TextRecord; readonly failed?: undefined }
  | { readonly record?: undefined; readonly failed: FailedRecord };

/**
 * Reads a message. One that begins with a brace is JSON; any other is a text.
 *
 * @param ownId - the id of a message that has none.
 */
export function readMessage(body: string, ownId: string | number): Reading {
  if (isBinary(body)) return refuse(ownId, 'MESSAGE_BINARY', 'The message is no text: send it in UTF-8.');
  if (!body.trimStart().startsWith('{')) return { record: { id: ownId, text: body } };
  const fields = parseObject(body);
  if (fields === undefined)
    return refuse(ownId, 'MESSAGE_MALFORMED', 'The message begins with a brace but is no JSON: send {"text": "…"}.');
  const { id = ownId, text } = fields;
  if (!isId(id)) return refuse(ownId, 'ID_INVALID', 'The field "id" is neither a text nor a number.');
  if (typeof text !== 'string') return refuse(id, 'TEXT_MISSING', 'The field "text" is missing, or it is no text.');
  if (isBinary(text) || !text.isWellFormed())
    return refuse(id, 'MESSAGE_BINARY', 'The field "text" holds what is no text: send it in UTF-8.');
  return { record: { ...fields, id, text } };
}

const refuse = (id: string | number, code: string, message: string): Reading => ({
  failed: { id, error: { code, message } },
});

const isId = (id: unknown): id is string | number => (typeof id === 'string' && id !== '') || typeof id === 'number';

/** Bytes that were decoded as UTF-8 without being it have NUL, or many replacement characters. */
const isBinary = (text: string): boolean =>
  text.includes('\0') || (text.match(/\ufffd/g)?.length ?? 0) > text.length / 10;

function parseObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
