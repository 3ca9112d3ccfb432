import { join } from 'node:path';

/** Where things lie on this machine. */
export interface Places {
  /** The checkout. */
  readonly root: string;
  /** The benchmark's built programs. */
  readonly built: string;
  /** What is made once and kept: models, packages. Git does not see it. */
  readonly cache: string;
  /** The Lambda function as built. */
  readonly bundle: string;
  /** Python of the project's own environment. */
  readonly python: string;
}

/** The folders of a checkout. */
export function findPlaces({ root, built }: Pick<Places, 'root' | 'built'>): Places {
  return {
    root,
    built,
    cache: join(root, '.cache', 'bench'),
    bundle: join(root, 'dist', 'functions', 'predict', 'index.mjs'),
    python: join(root, '.venv', 'bin', 'python'),
  };
}
