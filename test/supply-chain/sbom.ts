// What the tests of SBOMs share: the schema, the packages that an SBOM lists, and the packages that bundles have by their source maps.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly expression?: string;
    readonly license?: { readonly id?: string; readonly name?: string };
  }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** An SBOM in CycloneDX's JSON, as far as the tests read it. */
export interface Sbom {
  readonly metadata: { readonly properties: readonly { readonly name: string; readonly value: string }[] };
  readonly components: readonly Component[];
  readonly compositions: readonly { readonly aggregate: string; readonly assemblies: readonly string[] }[];
}

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);

/** Checks a text against CycloneDX's schema, which the library brings along. Resolves to what is wrong, or to null. */
export const validateSbom = (text: string): Promise<unknown> => validator.validate(text);

/** The packages that an SBOM lists, `name@version`, sorted. */
export const librariesOf = ({ components }: Sbom): string[] =>
  components
    .filter(({ type }) => type === 'library')
    .map(({ name, version }) => `${name}@${version}`)
    .sort();

/** What a component declares as its licences. */
export const declaredLicences = ({ licenses = [] }: Component): string[] =>
  licenses.map(({ expression, license }) => expression ?? license?.id ?? license?.name ?? '');

/** Names of the packages whose sources the source maps below a folder name, sorted. */
export function listBundled(folder: string): string[] {
  const maps = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.map'));
  const sources = maps.flatMap((path): string[] => JSON.parse(readFileSync(join(folder, path), 'utf8')).sources);
  const names = sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
