import {
  collectProblems,
  type Environment,
  type ModelSettings,
  readModelSettings,
  readSwitch,
} from '../../layers/prediction/index.ts';
import type { Scale } from './cost.ts';

/** The settings of the functions, read once from the environment. */
export interface Configuration extends ModelSettings {
  /** Bucket and prefix, from `MODEL_URI`. */
  readonly bucket: string;
  readonly prefix: string;
  readonly scale: Scale;
  /** From `DRIFT`: whether the predictions are counted in bins, for the function that measures drift. */
  readonly drift: boolean;
}

/**
 * Reads the environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readConfiguration = (environment: Environment): Configuration =>
  collectProblems((report) => {
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.+?)\/?$/.exec(environment.MODEL_URI ?? '') ?? [];
    if (prefix === '') report('MODEL_URI: bulk needs a bucket and a prefix in it, s3://bucket/prefix.');
    const memory = Number(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) || 1769;
    const drift = readSwitch(environment, 'DRIFT', false, report);
    const scale = { memory, architecture: process.arch };
    return { ...readModelSettings(environment, report), bucket, prefix, scale, drift };
  });
