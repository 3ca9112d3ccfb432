import { readFileSync } from 'node:fs';
import { checks } from '../../.ci/list.mjs';

const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Scripts that \`npm test\` runs, and one that repeats a test of it for longer. */
const elsewhere = ['test:types', 'test:lint', 'test:js', 'test:py', 'test:switch'];

it('has every suite of package.json, and no other', () => {
  const suites = Object.keys(scripts).filter((name) => name.startsWith('test:') && !elsewhere.includes(name));
  const listed = checks.flatMap(({ command }) => /^npm run --silent (.*)$/.exec(command)?.[1] ?? []);
  expect(listed.toSorted()).toEqual([...suites, 'campaigns'].toSorted());
});

it('starts each check after what it needs', () => {
  const commands = checks.map(({ command }) => command);
  expect(new Set(commands).size).toBe(commands.length);
  for (const [place, { after = [] }] of checks.entries())
    expect(commands.slice(0, place)).toEqual(expect.arrayContaining([...after]));
});
