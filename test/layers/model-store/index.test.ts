import { build, type Metafile } from 'esbuild';

/** Lists every file that is loaded with an entry: its imports, but not its dynamic imports. */
function listLoaded({ inputs }: Metafile, entry: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of inputs[path]?.imports ?? []) if (kind !== 'dynamic-import') visit(next);
  };
  visit(entry);
  return loaded;
}

it('does not load the AWS SDK for a folder', async () => {
  const entry = 'layers/model-store/index.ts';
  const options = { bundle: true, packages: 'external', platform: 'node', format: 'esm' } as const;
  const { metafile } = await build({ entryPoints: [entry], ...options, write: false, metafile: true });
  const loaded = listLoaded(metafile, entry);
  expect(loaded).toContain('layers/model-store/s3-store.ts');
  expect(metafile.inputs['layers/model-store/s3-sdk.ts']?.imports).toContainEqual(
    expect.objectContaining({ path: '@aws-sdk/client-s3' }),
  );
  expect([...loaded].filter((path) => path.includes('aws-sdk') || path.includes('s3-sdk'))).toEqual([]);
});
