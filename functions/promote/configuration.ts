import { availableParallelism, tmpdir } from 'node:os';
import { type ModelStore, openModelStore } from '../../layers/model-store/index.ts';
import { isLogLevel, type LogLevel, levelNames } from '../../layers/telemetry/index.ts';
import type { Limits } from './checks.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How versions are judged: what they may lose, and with what they are tried. */
export interface JudgingConfiguration {
  /** From `ACCURACY_TOLERANCE`, `LATENCY_RATIO` and `SIZE_RATIO`. */
  readonly limits: Limits;
  /** From `MODEL_DIRECTORY`: the folder that models are fetched to. */
  readonly modelDirectory: string;
  /** From `MODEL_THREADS`: threads of one run of a model. */
  readonly threads: number;
}

/** What the function is told from outside, read once. */
export interface Configuration extends JudgingConfiguration {
  /** From `MODEL_URI`. */
  readonly store: ModelStore;
  /** From `TOPIC_ARN`: who is told; undefined for nobody. */
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

type Complain = (problem: string) => void;

/** A number of zero or more; NaN, with a complaint, for anything else. */
function readNumber(environment: Environment, name: string, complain: Complain): (fallback: number) => number {
  return (fallback) => {
    const text = environment[name] || String(fallback);
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) complain(`${name} is ${JSON.stringify(text)}, which is no number such as ${fallback}.`);
    return value;
  };
}

/** Lambda gives one processor per 1,769 MB, however many the machine shows. */
function countProcessors(memory: string | undefined): number {
  return memory === undefined ? availableParallelism() : Math.max(1, Math.floor(Number(memory) / 1769) || 1);
}

/** Reads how versions are judged, with a complaint for each value that cannot be used. */
function readJudging(environment: Environment, complain: Complain): JudgingConfiguration {
  const numberOf = (name: string) => readNumber(environment, name, complain);
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

function readStore({ MODEL_URI: uri = '' }: Environment, complain: Complain): ModelStore | undefined {
  try {
    return openModelStore(uri);
  } catch (error) {
    complain(`MODEL_URI: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function readLogLevel({ LOG_LEVEL }: Environment, complain: Complain): LogLevel {
  const level = (LOG_LEVEL || 'info').toLowerCase();
  if (isLogLevel(level)) return level;
  complain(`LOG_LEVEL is ${JSON.stringify(LOG_LEVEL)}, which is none of ${levelNames}.`);
  return 'info';
}

/** Reads with `read` and refuses everything that it complained of at once. */
function refuseProblems<T>(read: (complain: Complain) => T): T {
  const problems: string[] = [];
  const result = read((problem) => void problems.push(problem));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return result;
}

/**
 * Reads the part of the environment that judging on any machine needs.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readJudgingConfiguration = (environment: Environment): JudgingConfiguration =>
  refuseProblems((complain) => readJudging(environment, complain));

/**
 * Reads the function's environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export function readConfiguration(environment: Environment): Configuration {
  const { store, ...rest } = refuseProblems((complain) => ({
    ...readJudging(environment, complain),
    store: readStore(environment, complain),
    topicArn: environment.TOPIC_ARN || undefined,
    logLevel: readLogLevel(environment, complain),
  }));
  if (!store) throw new ConfigurationError(['MODEL_URI: it cannot be opened.']);
  return Object.freeze({ store, ...rest });
}
