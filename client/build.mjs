// Builds the package that `npm pack ./client` packs: one module without any import, the declarations, the licences of what
// the module contains. Run as `npm run client`.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';

const root = import.meta.dirname;
const outFolder = join(root, 'dist');

/** Writes the declarations. Their imports end with .ts, which another project would not take. */
const writeDeclarations = () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([join(root, 'index.ts')], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: outFolder,
  });
  const { diagnostics } = program.emit(undefined, (path, text) =>
    ts.sys.writeFile(path, text.replace(/(from ['"]\.\/[a-z-]+)\.ts(['"])/g, '$1.js$2')),
  );
  const messages = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
  if (messages.length > 0) throw new Error(messages.join('\n'));
};

const packages = ['openapi-fetch', 'aws4fetch'];
const readLicence = (name) => {
  const folder = join(root, '..', 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}`;
};

rmSync(outFolder, { recursive: true, force: true });
await build({
  entryPoints: [join(root, 'index.ts')],
  outfile: join(outFolder, 'index.js'),
  bundle: true,
  format: 'esm',
  // No module of Node: an import of one fails the build.
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
});
writeDeclarations();
writeFileSync(join(outFolder, 'LICENSES.txt'), packages.map(readLicence).join('\n\n'));
