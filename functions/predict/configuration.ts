import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isVersionName, type ModelStore, openModelStore } from '../../layers/model-store/index.ts';
import { isLogLevel, type LogLevel, levelNames } from '../../layers/telemetry/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of the service, read once from the environment. */
export interface Configuration {
  /** The published models, from `MODEL_URI`. */
  readonly store: ModelStore;
  /** From `MODEL_VERSION`: the only version to serve; undefined for the current one. */
  readonly modelVersion: string | undefined;
  /** From `MODEL_DIRECTORY`: the folder that a model is fetched to. */
  readonly modelDirectory: string;
  /** From `MODEL_THREADS`: threads of one run of the model. */
  readonly threads: number;
  /** From `LOG_LEVEL`. */
  readonly logLevel: LogLevel;
  /** From `LOG_TEXT`: whether the log contains the texts. */
  readonly logText: boolean;
  /** From `API_KEYS_PARAMETER`: the SSM parameter with the keys; undefined if no caller needs one. */
  readonly keysParameter: string | undefined;
  /** From `PAGE`: whether browsers get the page at `/` and the API reference at `/docs`. */
  readonly page: boolean;
  /** From `MODEL_REFRESH_SECONDS`: least milliseconds between two checks for a new current version. */
  readonly refreshMs: number;
}

/** The environment cannot be used; the message lists every problem in it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(problems: readonly string[]) {
    super(['The environment cannot be used:', ...problems].join('\n- '));
  }
}

type Report = (problem: string) => undefined;

function readStore({ MODEL_URI: uri = '' }: Environment, report: Report): ModelStore | undefined {
  if (uri === '')
    return report('MODEL_URI is not set. It says where the models are: s3://bucket/prefix or file:/folder.');
  try {
    return openModelStore(uri);
  } catch (error) {
    return report(`MODEL_URI: ${error instanceof Error ? error.message : error}`);
  }
}

function readVersion({ MODEL_VERSION: version = '' }: Environment, report: Report): string | undefined {
  if (version === '' || isVersionName(version)) return version || undefined;
  return report(
    `MODEL_VERSION is ${JSON.stringify(version)}, which is no version, such as 20261123T081500Z-3f9a1c2. ` +
      'Leave it out to serve the current one.',
  );
}

/** Creates folders one by one: Node's `recursive` option never returns where a new folder fails with ENOENT, such as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** A folder store is read in place. Then nothing is written, and the container may be read-only. */
function readDirectory({ MODEL_DIRECTORY, MODEL_URI = '' }: Environment, report: Report): string | undefined {
  const directory = MODEL_DIRECTORY || tmpdir();
  if (MODEL_URI.startsWith('file:')) return directory;
  try {
    makeFolder(directory);
    rmdirSync(mkdtempSync(join(directory, '.writable-')));
    return directory;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return report(`MODEL_DIRECTORY: ${directory} is not a folder that a model can be written to (${reason}).`);
  }
}

/** Lambda gives one processor per 1,769 MB, even if the machine shows more. It throttles further threads. */
function countProcessors(memory: string | undefined): number {
  if (memory === undefined) return availableParallelism();
  return Math.max(1, Math.floor(Number(memory) / 1769) || 1);
}

function readThreads(environment: Environment, report: Report): number | undefined {
  const { MODEL_THREADS: threads = '', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = environment;
  if (threads === '') return countProcessors(memory);
  if (/^[1-9]\d{0,2}$/.test(threads)) return Number(threads);
  return report(`MODEL_THREADS is ${JSON.stringify(threads)}, which is no number of threads from 1 to 999.`);
}

function readLogLevel({ LOG_LEVEL }: Environment, report: Report): LogLevel | undefined {
  const level = (LOG_LEVEL || 'info').toLowerCase();
  if (isLogLevel(level)) return level;
  return report(`LOG_LEVEL is ${JSON.stringify(LOG_LEVEL)}, which is none of ${levelNames}.`);
}

/** Reads a variable that is on or off. */
function readSwitch(environment: Environment, name: string, otherwise: boolean, report: Report): boolean {
  const word = environment[name] || (otherwise ? 'on' : 'off');
  if (word !== 'on' && word !== 'off') report(`${name} is ${JSON.stringify(word)}, which is neither on nor off.`);
  return word === 'on';
}

function readRefresh({ MODEL_REFRESH_SECONDS: seconds = '' }: Environment, report: Report): number | undefined {
  if (/^([1-9]\d{0,3})?$/.test(seconds)) return 1000 * Number(seconds || 60);
  return report(`MODEL_REFRESH_SECONDS is ${JSON.stringify(seconds)}, which is no number of seconds from 1 to 9999.`);
}

/**
 * Reads the environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export function readConfiguration(environment: Environment): Configuration {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);
  const store = readStore(environment, report);
  const modelVersion = readVersion(environment, report);
  const modelDirectory = readDirectory(environment, report);
  const threads = readThreads(environment, report);
  const logLevel = readLogLevel(environment, report);
  const logText = readSwitch(environment, 'LOG_TEXT', false, report);
  const page = readSwitch(environment, 'PAGE', true, report);
  const keysParameter = environment.API_KEYS_PARAMETER || undefined;
  const refreshMs = readRefresh(environment, report) ?? Number.NaN;
  if (problems.length > 0 || !store || !modelDirectory || !threads || !logLevel) throw new ConfigurationError(problems);
  return Object.freeze({
    store,
    modelVersion,
    modelDirectory,
    threads,
    logLevel,
    logText,
    keysParameter,
    page,
    refreshMs,
  });
}
