import { tmpdir } from 'node:os';
import type { CanaryPlan, ModelStore } from '../../layers/model-store/index.ts';
import {
  collectProblems,
  countProcessors,
  type Environment,
  type Report,
  readLogLevel,
  readStore,
} from '../../layers/prediction/index.ts';
import type { LogLevel } from '../../layers/telemetry/index.ts';
import type { Limits } from './checks.ts';
import type { SnapshotTarget } from './snapshot.ts';

/** The settings for judging a version. */
export interface JudgingConfiguration {
  /** From `ACCURACY_TOLERANCE`, `LATENCY_RATIO` and `SIZE_RATIO`. */
  readonly limits: Limits;
  /** From `MODEL_DIRECTORY`: the folder that models are fetched to. */
  readonly modelDirectory: string;
  /** From `MODEL_THREADS`: threads of one run of a model. */
  readonly threads: number;
}

/** The settings of the function, read once from the environment. */
export interface Configuration extends JudgingConfiguration {
  /** From `MODEL_URI`. */
  readonly store: ModelStore;
  /** From `TOPIC_ARN`: the SNS topic for messages; undefined for none. */
  readonly topicArn: string | undefined;
  /** From `LOG_LEVEL`. */
  readonly logLevel: LogLevel;
  /** From `CANARY_SHARE` and `CANARY_MINUTES`; undefined if an accepted version becomes current at once. */
  readonly canary: CanaryPlan | undefined;
  /** From `CANARY_ALARMS`: names of the alarms that decide about a canary. */
  readonly canaryAlarms: readonly string[];
  /** From `SNAPSHOT_FUNCTION`, `SNAPSHOT_ALIAS` and `SNAPSHOT_DRAIN_SECONDS`: the function with SnapStart. */
  readonly snapshot: SnapshotTarget;
}

/** A number of zero or more. For anything else it reports a problem and returns NaN. */
function readNumber(environment: Environment, name: string, report: Report): (fallback: number) => number {
  return (fallback) => {
    const text = environment[name] || String(fallback);
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) report(`${name} is ${JSON.stringify(text)}, which is no number such as ${fallback}.`);
    return value;
  };
}

/** Reads a whole number of a range. For anything else it reports a problem and returns NaN. */
function readWhole(
  environment: Environment,
  name: string,
  [least, most]: readonly [number, number],
  report: Report,
): number {
  const text = environment[name] ?? '';
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  report(`${name} is ${JSON.stringify(text)}, which is no whole number from ${least} to ${most}.`);
  return Number.NaN;
}

function readCanary(environment: Environment, report: Report): CanaryPlan | undefined {
  if (!environment.CANARY_SHARE) return undefined;
  return {
    share: readWhole(environment, 'CANARY_SHARE', [1, 99], report),
    minutes: readWhole(environment, 'CANARY_MINUTES', [5, 10_080], report),
  };
}

/** Reads the settings for judging. Reports each value that cannot be used. */
function readJudging(environment: Environment, report: Report): JudgingConfiguration {
  const numberOf = (name: string) => readNumber(environment, name, report);
  return {
    limits: {
      accuracyTolerance: numberOf('ACCURACY_TOLERANCE')(0.002),
      latencyRatio: numberOf('LATENCY_RATIO')(1.25),
      sizeRatio: numberOf('SIZE_RATIO')(1.25),
    },
    modelDirectory: environment.MODEL_DIRECTORY || tmpdir(),
    threads: numberOf('MODEL_THREADS')(countProcessors(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE)),
  };
}

/**
 * Reads the settings for judging, which any machine can do.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readJudgingConfiguration = (environment: Environment): JudgingConfiguration =>
  collectProblems((report) => readJudging(environment, report));

/**
 * Reads the function's environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readConfiguration = (environment: Environment): Configuration =>
  Object.freeze(
    collectProblems((report) => ({
      ...readJudging(environment, report),
      store: readStore(environment, report),
      topicArn: environment.TOPIC_ARN || undefined,
      logLevel: readLogLevel(environment, report),
      canary: readCanary(environment, report),
      canaryAlarms: (environment.CANARY_ALARMS ?? '').split(',').filter(Boolean),
      snapshot: {
        functionName: environment.SNAPSHOT_FUNCTION ?? '',
        alias: environment.SNAPSHOT_ALIAS ?? '',
        drainMs: 1000 * readNumber(environment, 'SNAPSHOT_DRAIN_SECONDS', report)(30),
      },
    })),
  );
