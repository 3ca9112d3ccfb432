import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashContent, listContent } from '../../infra/image-content.mjs';

const root = mkdtempSync(join(tmpdir(), 'content-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const hash = () => hashContent(root, 'Dockerfile', 'linux/amd64');

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  write(
    'Dockerfile',
    'FROM x\nCOPY package.json .npmrc ./\nCOPY --from=build /opt/ /opt/\nCOPY --chown=1 code/ code/\n',
  );
  write('.dockerignore', '*\n# a comment\n!code/\n!package.json\n!.npmrc\ncode/*.md\n**/__pycache__/\n**/.*_cache/\n');
  for (const path of ['package.json', '.npmrc', 'code/run.py', 'code/deep/er.md', 'other/file.txt']) write(path, path);
  for (const path of ['code/README.md', 'code/__pycache__/a.pyc', 'code/deep/.mypy_cache/x/y.json']) write(path, path);
});

describe('the content of an image', () => {
  it('is what its Dockerfile copies and .dockerignore lets through', () => {
    expect(listContent(root, 'Dockerfile')).toEqual(['.npmrc', 'code/deep/er.md', 'code/run.py', 'package.json']);
  });

  it('of this project is complete: entry points, requirements, and no tests or documents', () => {
    const training = listContent(process.cwd(), 'Dockerfile.train');
    expect(training).toEqual(expect.arrayContaining(['training/train.py', 'training/requirements.lock']));
    expect(training.filter((path) => !/^training\/.*(?<!\.md)$|^supply-chain\/python_sbom\.py$/.test(path))).toEqual(
      [],
    );
    const functions = listContent(process.cwd(), 'Dockerfile.lambda');
    expect(functions).toEqual(expect.arrayContaining(['.npmrc', 'package-lock.json', 'functions/predict/index.ts']));
    expect(functions.filter((path) => /^(test|docs|training)\//.test(path))).toEqual([]);
  });
});

describe('the hash of an image', () => {
  it.each<[string, () => void]>([
    ['a copied file', () => write('code/run.py', 'changed')],
    ['a new file', () => write('code/new.py', '')],
    ['the Dockerfile', () => write('Dockerfile', 'FROM y\nCOPY package.json .npmrc ./\nCOPY code/ code/\n')],
    ['the right to execute a file', () => chmodSync(join(root, 'code/run.py'), 0o755)],
    ['a name', () => renameSync(join(root, 'code/run.py'), join(root, 'code/ran.py'))],
  ])('changes with %s', (_what, change) => {
    const before = hash();
    change();
    expect(hash()).not.toBe(before);
  });

  it('changes with the platform', () => {
    expect(hashContent(root, 'Dockerfile', 'linux/arm64')).not.toBe(hash());
  });

  it('stays with what docker does not see or the Dockerfile does not copy', () => {
    const before = hash();
    for (const path of ['code/README.md', 'code/__pycache__/b.pyc', 'other/file.txt', 'docs/new.md'])
      write(path, 'new');
    expect(hash()).toBe(before);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
  });
});
