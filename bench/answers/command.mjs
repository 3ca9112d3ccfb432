// `npm run bench:answers`: builds bench/answers/measure.ts and runs it with the arguments given.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPrograms, builtFolder } from '../build.mjs';

const root = join(import.meta.dirname, '..', '..');

await buildPrograms(import.meta.dirname, ['measure.ts']);
const { measure } = await import(pathToFileURL(join(builtFolder, 'measure.mjs')).href);
await measure({ root, args: process.argv.slice(2) });
