import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTable, renderTable } from '../../infra/parameter-table.mjs';
import { parameters } from '../../infra/parameters.mjs';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'settings.md'), 'utf8');

describe('the table of parameters in docs/settings.md', () => {
  it('is up to date with infra/parameters.yml and infra/parameters.mjs (node infra/parameter-table.mjs writes it)', () => {
    expect(readTable(page).table).toBe(renderTable());
  });

  it('has a row for every parameter, with a sentence', () => {
    const rows = [...readTable(page).table.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]{10,}) \|$/gm)].map(
      ([, name]) => name,
    );
    expect(rows).toEqual(Object.keys(parameters));
  });

  it('lists only parameters that are used', () => {
    const names = readdirSync(join(root, 'infra'), { recursive: true }).map(String);
    const files = names
      .filter((name) => name.endsWith('.yml') && name !== 'parameters.yml')
      .map((name) => join('infra', name));
    const used = ['serverless.yml', 'infra/settings.js', ...files]
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join();
    const isUsed = (name: string) =>
      new RegExp(`(custom\\.settings|values)\\.${name}\\b|\\b${name}\\b[^=;]*\\} = values`).test(used);
    expect(Object.keys(parameters).filter((name) => !isUsed(name))).toEqual([]);
  });
});
