import type { ModelStore } from '../../layers/model-store/index.ts';
import {
  collectProblems,
  type Environment,
  type Report,
  readLogLevel,
  readStore,
} from '../../layers/prediction/index.ts';
import type { LogLevel } from '../../layers/telemetry/index.ts';
import type { TrainingQueue } from './training.ts';

/** The settings of the function, which infra/drift/on.yml sets. */
export interface Configuration {
  /** From `MODEL_URI`. */
  readonly store: ModelStore;
  /** From `MODEL_VERSION`: the only version that is served; undefined for the current one. */
  readonly modelVersion: string | undefined;
  /** From `POWERTOOLS_METRICS_NAMESPACE`: where the functions' counts are. */
  readonly namespace: string;
  /** From `DRIFT_LIMIT`: least index at which people are told. */
  readonly limit: number;
  /** From `TRAINING_QUEUE` and `TRAINING_JOB`: undefined if drift starts no training. */
  readonly training: TrainingQueue | undefined;
  /** From `TOPIC_ARN`: the SNS topic for messages; undefined for none. */
  readonly topicArn: string | undefined;
  /** From `LOG_LEVEL`. */
  readonly logLevel: LogLevel;
}

function readPositive(environment: Environment, name: string, report: Report): number {
  const value = Number(environment[name] || Number.NaN);
  if (!(value > 0)) report(`${name} is ${JSON.stringify(environment[name])}, which is no number above 0.`);
  return value;
}

function readTraining({ TRAINING_QUEUE: queue, TRAINING_JOB: definition, ...rest }: Environment) {
  if (!queue || !definition) return undefined;
  return { queue, definition, name: rest.AWS_LAMBDA_FUNCTION_NAME ?? 'serverless-bert-drift' };
}

/**
 * Reads the environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readConfiguration = (environment: Environment): Configuration =>
  Object.freeze(
    collectProblems((report) => ({
      store: readStore(environment, report),
      modelVersion: environment.MODEL_VERSION || undefined,
      namespace: environment.POWERTOOLS_METRICS_NAMESPACE ?? '',
      limit: readPositive(environment, 'DRIFT_LIMIT', report),
      training: readTraining(environment),
      topicArn: environment.TOPIC_ARN || undefined,
      logLevel: readLogLevel(environment, report),
    })),
  );
