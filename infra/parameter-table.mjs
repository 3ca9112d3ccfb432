// The table of parameters in docs/settings.md, made from infra/parameters.yml and infra/parameters.mjs.
// `node infra/parameter-table.mjs` writes it anew; test/infra/parameter-table.test.ts fails when it is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parameters } from './parameters.mjs';

const page = join(import.meta.dirname, '..', 'docs', 'settings.md');
const [start, end] = ['<!-- parameters: begin -->', '<!-- parameters: end -->'];

const defaultOf = (sections, name) => {
  const [dev, prod] = ['dev', 'prod'].map((stage) => sections[stage][name] ?? sections.default[name]);
  return dev === prod ? `\`${dev}\`` : `dev \`${dev}\`, prod \`${prod}\``;
};

/** The table, one row for each parameter. */
export function renderTable() {
  const sections = parse(readFileSync(join(import.meta.dirname, 'parameters.yml'), 'utf8'));
  const rows = Object.entries(parameters).map(
    ([name, { says }]) => `| \`${name}\` | ${defaultOf(sections, name)} | ${says} |`,
  );
  return ['| parameter | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The text between the two markers of a page, and a function that replaces it. */
export function readTable(text) {
  const [before, rest = ''] = text.split(`${start}\n`);
  const [table, after] = rest.split(`\n${end}`);
  if (after === undefined) throw new Error(`docs/settings.md has no ${start} … ${end}.`);
  return { table, replaced: (other) => `${before}${start}\n${other}\n${end}${after}` };
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(page, readTable(readFileSync(page, 'utf8')).replaced(renderTable()));
