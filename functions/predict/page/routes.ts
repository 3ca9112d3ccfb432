// The page at `/`, the API reference at `/docs` and the files of both. build.mjs writes them into a folder, packed with gzip.
// A file is read when a request asks for it, so that a cold start reads none of them.
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { createTag, matchesTag } from '../caching.ts';
import type { RequestEnvironment } from '../observability.ts';

type PageContext = Context<RequestEnvironment>;

/** Scripts and styles come from files of this service alone: nothing inline, and nothing from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The name of a file changes with its content. */
const forever = 'public, max-age=31536000, immutable';

/** The packed bytes of a file, or undefined if the build wrote no such file. */
async function readPacked(folder: string, name: string): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return await readFile(join(folder, `${name}.gz`));
  } catch (error) {
    // A path may also be longer than the system allows.
    if (['ENOENT', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

const takesGzip = (c: PageContext) =>
  accepts(c, { header: 'Accept-Encoding', supports: ['gzip', 'identity'], default: 'identity' }) === 'gzip';

/** Answers with a file, unpacked for a caller that does not take gzip. */
async function answerFile(c: PageContext, name: string, packed: Buffer<ArrayBuffer>): Promise<Response> {
  c.header('Content-Type', contentTypes[extname(name)]);
  c.header('Vary', 'Accept, Accept-Encoding');
  if (!takesGzip(c)) return c.body(await promisify(gunzip)(packed));
  c.header('Content-Encoding', 'gzip');
  return c.body(packed);
}

/** Answers with a document. A cache asks each time whether it is still the same. */
async function answerDocument(c: PageContext, folder: string, name: string): Promise<Response> {
  const packed = await readPacked(folder, name);
  if (!packed) return c.notFound();
  const tag = createTag(packed.toString('base64'));
  for (const [header, value] of Object.entries(headers)) c.header(header, value);
  c.header('ETag', tag);
  c.header('Cache-Control', 'no-cache');
  return matchesTag(c.req.header('If-None-Match'), tag) ? c.body(null, 304) : answerFile(c, name, packed);
}

/** Whether the caller is a browser that opens the address, and not a program that asks for JSON. */
const wantsHtml = (c: PageContext) => /\btext\/html\b/i.test(c.req.header('Accept') ?? '');

/**
 * Adds the routes of the page to an application.
 *
 * @param folder - `page/` of the built project.
 */
export function addPage(app: Hono<RequestEnvironment>, folder: string): void {
  app.get('/', (c) => (wantsHtml(c) ? answerDocument(c, folder, 'index.html') : c.notFound()));
  app.get('/docs', (c) => answerDocument(c, folder, 'docs.html'));
  app.get('/assets/:name{[a-z]+(?:-[a-z]+)*-[A-Z0-9]{8}\\.[a-z]+}', async (c) => {
    const name = `assets/${c.req.param('name')}`;
    const packed = await readPacked(folder, name);
    if (!packed) return c.notFound();
    c.header('Cache-Control', forever);
    c.header('X-Content-Type-Options', 'nosniff');
    return answerFile(c, name, packed);
  });
}
