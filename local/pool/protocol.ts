import type { Classification, ModelSource } from '../../layers/inference/index.ts';

/** What a worker is started with. */
export interface Start {
  readonly source: ModelSource;
  readonly threads: number;
}

/** From the pool to a worker. First `start`, then one text at a time. */
export type Order = { readonly start: Start } | { readonly text: string };

/** From a worker to the pool: one report per order. */
export type Report =
  | { readonly ready: true }
  | { readonly classification: Classification }
  | { readonly failure: string };
