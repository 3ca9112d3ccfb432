import { availableParallelism, tmpdir } from 'node:os';
import { type ModelStore, openModelStore } from '../../layers/model-store/index.ts';
import { isLogLevel, type LogLevel, levelNames } from '../../layers/telemetry/index.ts';
import type { Limits } from './checks.ts';

type Environment = Readonly<Record<string, string | undefined>>;

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
}

/** The environment cannot be used; the message lists every problem in it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(problems: readonly string[]) {
    super(['The environment cannot be used:', ...problems].join('\n- '));
  }
}

type Report = (problem: string) => void;

/** A number of zero or more. For anything else it reports a problem and returns NaN. */
function readNumber(environment: Environment, name: string, report: Report): (fallback: number) => number {
  return (fallback) => {
    const text = environment[name] || String(fallback);
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) report(`${name} is ${JSON.stringify(text)}, which is no number such as ${fallback}.`);
    return value;
  };
}

/** Lambda gives one processor per 1,769 MB, even if the machine shows more. */
function countProcessors(memory: string | undefined): number {
  return memory === undefined ? availableParallelism() : Math.max(1, Math.floor(Number(memory) / 1769) || 1);
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

function readStore({ MODEL_URI: uri = '' }: Environment, report: Report): ModelStore | undefined {
  try {
    return openModelStore(uri);
  } catch (error) {
    report(`MODEL_URI: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function readLogLevel({ LOG_LEVEL }: Environment, report: Report): LogLevel {
  const level = (LOG_LEVEL || 'info').toLowerCase();
  if (isLogLevel(level)) return level;
  report(`LOG_LEVEL is ${JSON.stringify(LOG_LEVEL)}, which is none of ${levelNames}.`);
  return 'info';
}

/** Calls `read` and throws one error with all problems that it reports. */
function collectProblems<T>(read: (report: Report) => T): T {
  const problems: string[] = [];
  const result = read((problem) => void problems.push(problem));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return result;
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
export function readConfiguration(environment: Environment): Configuration {
  const { store, ...rest } = collectProblems((report) => ({
    ...readJudging(environment, report),
    store: readStore(environment, report),
    topicArn: environment.TOPIC_ARN || undefined,
    logLevel: readLogLevel(environment, report),
  }));
  if (!store) throw new ConfigurationError(['MODEL_URI: it cannot be opened.']);
  return Object.freeze({ store, ...rest });
}
