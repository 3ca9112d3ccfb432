// The licences of what ships, and the policy that refuses others.
import { readFileSync } from 'node:fs';
import { findProblems, readLicence, reasonFor } from '../../supply-chain/licence-policy.mjs';
import { licencesFile, pythonLocks, readLicences, readPins } from '../../supply-chain/shipped.mjs';

const listed = readLicences(readFileSync(licencesFile, 'utf8'));
const problemsOf = (licence: string, name = 'left-pad') => findProblems([{ name, version: '1.0.0', licence }]);

describe('docs/licences.md', () => {
  it('lists no package that may not ship', () => {
    expect(listed.length).toBeGreaterThan(100);
    expect(findProblems(listed)).toEqual([]);
  });

  it("lists the training image's packages as they are locked", () => {
    const pins = pythonLocks.flatMap((path) => readPins(readFileSync(path, 'utf8')));
    // A package that is for another platform or another Python is not installed.
    const installed = pins.filter(
      ({ requirement }) => !/win32|emscripten|>= '3\.12'/.test(requirement.replaceAll("!= 'emscripten'", '')),
    );
    const names = listed.map(({ name, version }) => `${name} ${version}`);
    expect(installed.map(({ name, version }) => `${name} ${version}`).filter((name) => !names.includes(name))).toEqual(
      [],
    );
  });

  it('gives the reason for each exception', () => {
    const exceptional = listed.filter(({ name, licence }) => reasonFor(name, licence));
    expect(exceptional.map(({ name }) => name)).toEqual(expect.arrayContaining(['tqdm', 'nvidia-cublas']));
    expect(exceptional.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });
});

describe('the policy', () => {
  it.each([
    'GPL-2.0-only',
    'GPL-3.0-or-later',
    'AGPL-3.0-only',
    'LGPL-2.1-or-later',
    'SSPL-1.0',
    'BUSL-1.1',
    'MPL-2.0',
    'LicenseRef-Own',
  ])('refuses %s', (licence) => {
    expect(problemsOf(licence)).toEqual([
      `left-pad 1.0.0 is under ${licence}, which does not ship: do without it, or give the reason in supply-chain/licence-policy.mjs.`,
    ]);
    expect(problemsOf(`MIT AND ${licence}`)).toHaveLength(1);
    expect(problemsOf(`(MIT OR ${licence})`)).toEqual([]);
  });

  it('refuses a package without a known licence', () => {
    const licence = readLicence('left-pad', ['', 'see the file COPYING of the source']);
    expect(problemsOf(licence)).toEqual([expect.stringMatching(/^left-pad 1\.0\.0 declares no licence that is known/)]);
  });

  it('refuses an expression that it cannot read', () => {
    expect(problemsOf('MIT AND (GPL-3.0-only OR BSD-3-Clause)')).toHaveLength(1);
  });

  it('makes an exception for the named package alone', () => {
    expect(problemsOf('MPL-2.0 AND MIT', 'tqdm')).toEqual([]);
    expect(problemsOf('GPL-3.0-only AND MIT', 'tqdm')).toHaveLength(1);
    expect(problemsOf('MPL-2.0', 'tqdm-extras')).toHaveLength(1);
  });

  it.each<[string, string, string[]]>([
    [
      'an expression',
      'Apache-2.0 OR BSD-2-Clause',
      ['Apache-2.0 OR BSD-2-Clause', 'License :: OSI Approved :: BSD License'],
    ],
    ['a classifier', 'MIT', ['', '', 'License :: OSI Approved :: MIT License']],
    [
      'a classifier beside a text that says little',
      'BSD-3-Clause',
      ['', 'BSD', 'License :: OSI Approved :: BSD License'],
    ],
  ])('reads %s', (_what, licence, declared) => {
    expect(readLicence('left-pad', declared)).toBe(licence);
  });
});
