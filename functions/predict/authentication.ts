import type { MiddlewareHandler } from 'hono';
import type { FindKey } from './keys.ts';
import { addOutcome, fail, type RequestContext, type RequestEnvironment } from './observability.ts';

/**
 * Addresses that need no key: whether the service lives, and what holds nothing but the project's own text. Every other
 * address needs one, also an address that does not exist.
 */
const open = /^\/(health|ready|docs|openapi\.json|assets\/[^/]+)?\/?$/;

const challenge = 'Bearer realm="serverless-bert"';

/** Reads the key from `X-Api-Key`, or else from `Authorization: Bearer`. */
function readKey({ req }: RequestContext): string | undefined {
  const [, token] = /^bearer +(\S+)$/i.exec(req.header('Authorization') ?? '') ?? [];
  return req.header('X-Api-Key') || token;
}

/** Answers 401 to a request without a known key, in the shape of all errors. Adds the key's name to the outcome. */
export function requireKey(findKey: FindKey): MiddlewareHandler<RequestEnvironment> {
  return async (c, next) => {
    if (open.test(c.req.path)) return next();
    const key = readKey(c);
    if (key === undefined) return fail(c, 'KEY_MISSING', { headers: { 'WWW-Authenticate': challenge } });
    const name = await findKey(key);
    if (name === undefined)
      return fail(c, 'KEY_UNKNOWN', { headers: { 'WWW-Authenticate': `${challenge}, error="invalid_token"` } });
    addOutcome(c, { key: name });
    // A browser must not give what it keeps from a caller with a key to one without.
    c.header('Vary', 'Authorization, X-Api-Key');
    return next();
  };
}
