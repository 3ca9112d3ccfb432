// docs/threat-model.md names every role that there is, with the test that bounds it. test/documents.test.ts checks that its links lead somewhere.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { everything, namesOfType, synthesize, type Template } from './template.ts';

const [, rolesPart = ''] = readFileSync('docs/threat-model.md', 'utf8').split('\n## What each role could do');
const rows = [...rolesPart.matchAll(/^\| `(\w+)`(.*?) \| (.*?) \| (.*?) \| (.*?) \|$/gm)].map(
  ([, role = '', , worst = '', cannot = '', tests = '']) => ({ role, worst, cannot, tests }),
);

const builder: Template = parse(readFileSync(join('infra', 'training', 'builder.yml'), 'utf8'));
const shapes = [synthesize('prod', everything), synthesize('dev'), synthesize('dev', { snapStart: 'on' }), builder];

describe('the roles of docs/threat-model.md', () => {
  it('are all that the templates have', () => {
    const roles = new Set(shapes.flatMap((template) => namesOfType(template, 'AWS::IAM::Role')));
    expect(rows.map(({ role }) => role).sort()).toEqual([...roles].sort());
  });

  it('each have what they could do, what they cannot, and a test that exists', () => {
    for (const { role, worst, cannot, tests } of rows) {
      expect([role, worst.length > 10, cannot.length > 10]).toEqual([role, true, true]);
      expect([role, tests]).toEqual([role, expect.stringMatching(/\]\(\.\.\/test\/infra\/[\w-]+\.test\.ts\)/)]);
    }
  });

  it('each occur in a test that bounds them', () => {
    for (const { role, tests } of rows) {
      const files = [...tests.matchAll(/\]\(\.\.\/(test\/[\w/.-]+)\)/g)].map(([, path = '']) =>
        readFileSync(path, 'utf8'),
      );
      const all = [...files, readFileSync('test/infra/permissions.test.ts', 'utf8')].join('\n');
      expect([role, all.includes(role)]).toEqual([role, true]);
    }
  });
});
