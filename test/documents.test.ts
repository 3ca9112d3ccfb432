import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = process.cwd();
const ignoredFolders = /^(\..*|node_modules|dist)$/;

/** Paths of all Markdown files below a folder, relative to it. */
function listDocuments(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !ignoredFolders.test(name));
  return entries.flatMap((entry) => {
    if (!entry.isDirectory()) return entry.name.endsWith('.md') ? [entry.name] : [];
    return listDocuments(join(folder, entry.name)).map((path) => join(entry.name, path));
  });
}

const withoutCodeBlocks = (text: string) => text.replace(/^```.*?^```/gms, '');

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(text: string): string[] {
  const headings = [...withoutCodeBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(document: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(target)) return true;
  return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
}

/** Links to a file or heading that does not exist, as `document → link`. Links to the web are not checked. */
function findBrokenLinks(folder: string): string[] {
  return listDocuments(folder).flatMap((document) => {
    const text = withoutCodeBlocks(readFileSync(join(folder, document), 'utf8')).replace(/`[^`\n]*`/g, '');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    return links.filter((link) => isBroken(join(folder, document), link)).map((link) => `${document} → ${link}`);
  });
}

/** Paths in backticks that name no file or folder of the repository. */
function findMissingPaths(folder: string, text: string): string[] {
  const pattern = /`((?:functions|layers|local|infra|supply-chain|training|test|bench|docs|models)\/[\w./-]*)`/g;
  const paths = [...text.matchAll(pattern)].map(([, path = '']) => path);
  return paths.filter((path) => !existsSync(join(folder, path)));
}

/** The journeys of docs/architecture.md by title: the file in backticks at the beginning of each step. */
function readJourneys(text: string): ReadonlyMap<string, readonly string[]> {
  const [, part = ''] = text.split('\n## Journeys\n');
  const [, ...sections] = (part.split('\n## ')[0] ?? '').split('\n### ');
  return new Map(
    sections.map((section) => [
      section.split('\n')[0] ?? '',
      [...section.matchAll(/^\d+\. (?:`([^`]+)`)?/gm)].map(([, file = '']) => file),
    ]),
  );
}

/** Creates documents in a temporary folder. */
function plant(documents: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'documents-'));
  for (const [path, text] of Object.entries(documents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('the documents', () => {
  it('link only to files and headings that exist', () => {
    expect(listDocuments(root).length).toBeGreaterThan(30);
    expect(findBrokenLinks(root)).toEqual([]);
  });

  // The changelog and the log of trainings name files as they were.
  it.each(listDocuments(root).filter((document) => !/^CHANGELOG|LOG\.md$/.test(document)))(
    'name only paths that exist: %s',
    (document) => {
      expect(findMissingPaths(root, readFileSync(document, 'utf8'))).toEqual([]);
    },
  );
});

describe('the journeys of docs/architecture.md', () => {
  const journeys = readJourneys(readFileSync('docs/architecture.md', 'utf8'));

  it('are those of a request, a cold start, a promotion, a training run and a deploy parameter', () => {
    expect([...journeys.keys()]).toEqual([
      'A request',
      'A cold start',
      'A promotion',
      'A training run',
      'A parameter of a deployment',
    ]);
  });

  it('have at most eight steps each, and each step begins with a file that exists', () => {
    for (const files of journeys.values()) {
      expect(files.length).toBeGreaterThan(2);
      expect(files.length).toBeLessThanOrEqual(8);
      expect(files.filter((file) => file === '' || !existsSync(file))).toEqual([]);
    }
  });
});

describe('the checks', () => {
  it('find a link to a missing file and to a missing heading', () => {
    const folder = plant({
      'README.md': '[one](docs/one.md#a-part) [two](docs/two.md) [part](docs/one.md#b-part) [web](https://example.com)',
      'docs/one.md':
        '# One\n\n## A `part`\n\n```\n# No heading [three](three.md)\n```\n[up](../README.md) [here](#one) [x](#x)\n',
    });
    expect(findBrokenLinks(folder)).toEqual([
      'README.md → docs/two.md',
      'README.md → docs/one.md#b-part',
      'docs/one.md → #x',
    ]);
  });

  it('find a path that does not exist', () => {
    const folder = plant({ 'docs/one.md': '' });
    expect(findMissingPaths(folder, '`docs/one.md`, `docs/two.md`, `docs/`, `other/two.md`')).toEqual(['docs/two.md']);
  });

  it('read the files of each journey, also of a step that names none', () => {
    const text =
      '# A\n\n## Journeys\n\n### One\n\n1. `a.ts`: calls `b.ts`.\n2. Nothing.\n\n### Two\n\n1. `c.ts`\n\n## End\n\n1. `d.ts`\n';
    expect([...readJourneys(text)]).toEqual([
      ['One', ['a.ts', '']],
      ['Two', ['c.ts']],
    ]);
  });
});
