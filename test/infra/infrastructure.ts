import { createRequire } from 'node:module';

type Check = (text: string) => unknown;
type Texts = Readonly<Record<string, string | number>>;

interface Settings {
  readonly readParameters: (texts: Texts, defaults: Texts) => { values: Record<string, unknown>; problems: string[] };
}

const load = createRequire(import.meta.url);

/** What infra/*.cjs export: plain CommonJS, as Serverless loads it. */
export const { parameters } = load('../../infra/parameters.cjs') as {
  parameters: Readonly<Record<string, { readonly says: string; readonly check: Check }>>;
};
export const checks = load('../../infra/checks.cjs') as { readonly schedule: Check };
export const { readParameters } = load('../../infra/settings.cjs') as Settings;
export const { findNetwork } = load('../../infra/network.cjs') as {
  findNetwork: (client: unknown, wanted: 'default' | readonly string[]) => Promise<unknown[]>;
};
export const { keepNewestImages, requireImage } = load('../../infra/image-repository.cjs') as {
  keepNewestImages: (client: unknown, repositoryName: string) => Promise<void>;
  requireImage: (openClient: (region: string) => unknown, parameter: string, image: string) => Promise<void>;
};
export const { readOutput } = load('../../infra/stack.cjs') as {
  readOutput: (client: unknown, stackName: string, key: string) => Promise<string | undefined>;
};
export const { findDockerProblems } = load('../../infra/docker.cjs') as {
  findDockerProblems: (run: () => { status: number; stdout: string; stderr: string }) => string[];
};
