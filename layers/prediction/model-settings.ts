// The settings of the model, which every function reads from its environment.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Device } from '../inference/index.ts';
import { isVersionName, type ModelStore, openModelStore } from '../model-store/index.ts';
import { isLogLevel, type LogLevel, levelNames } from '../telemetry/index.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which model is served, from where, and how. */
export interface ModelSettings {
  /** The published models, from `MODEL_URI`. */
  readonly store: ModelStore;
  /** From `MODEL_VERSION`: the only version to serve; undefined for the current one. */
  readonly modelVersion: string | undefined;
  /** From `MODEL_DIRECTORY`: the folder that a model is fetched to. */
  readonly modelDirectory: string;
  /** From `MODEL_DEVICE`: what runs the model. `auto`: the GPU where there is one. */
  readonly device: Device | 'auto';
  /** From `MODEL_THREADS`: threads of one run of the model. */
  readonly threads: number;
  /** From `MODEL_REFRESH_SECONDS`: least milliseconds between two checks for a new current version. */
  readonly refreshMs: number;
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

/** Takes one problem of the environment. */
export type Report = (problem: string) => undefined;

/** In the place of a setting with a problem. Nobody sees it, because `collectProblems` throws. */
const unusable = undefined as never;

/**
 * Reads `MODEL_URI`.
 *
 * @param verificationCache - folder where it is remembered which files of a folder store were verified.
 */
export function readStore(
  { MODEL_URI: uri = '' }: Environment,
  report: Report,
  verificationCache?: string,
): ModelStore {
  try {
    if (uri === '') throw new Error('it is not set. It says where the models are: s3://bucket/prefix or file:/folder.');
    return openModelStore(uri, { verificationCache });
  } catch (error) {
    report(`MODEL_URI: ${error instanceof Error ? error.message : error}`);
    return unusable;
  }
}

/** The folder of the XDG Base Directory Specification; undefined for a user without a home. */
function defaultCache(caches: string): string | undefined {
  try {
    return join(isAbsolute(caches) ? caches : join(homedir(), '.cache'), 'serverless-bert');
  } catch {
    return undefined;
  }
}

/** A function's disk is empty at each start, so that nothing could be remembered there. */
function readVerificationCache(environment: Environment, report: Report): string | undefined {
  const { VERIFICATION_CACHE: folder = '', XDG_CACHE_HOME: caches = '', AWS_LAMBDA_INITIALIZATION_TYPE } = environment;
  if (folder === 'off' || (folder === '' && AWS_LAMBDA_INITIALIZATION_TYPE)) return undefined;
  if (folder === '') return defaultCache(caches);
  if (isAbsolute(folder)) return folder;
  return report(
    `VERIFICATION_CACHE is ${JSON.stringify(folder)}, which is neither off nor the absolute path of a folder.`,
  );
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
function readDirectory({ MODEL_DIRECTORY, MODEL_URI = '' }: Environment, report: Report): string {
  const directory = MODEL_DIRECTORY || tmpdir();
  if (MODEL_URI.startsWith('file:')) return directory;
  try {
    makeFolder(directory);
    accessSync(directory, constants.W_OK | constants.X_OK);
    return directory;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    report(`MODEL_DIRECTORY: ${directory} is not a folder that a model can be written to (${reason}).`);
    return unusable;
  }
}

/** Lambda gives one processor per 1,769 MB, even if the machine shows more. It throttles further threads. */
export function countProcessors(memory: string | undefined): number {
  if (memory === undefined) return availableParallelism();
  return Math.max(1, Math.floor(Number(memory) / 1769) || 1);
}

function readThreads(environment: Environment, report: Report): number {
  const { MODEL_THREADS: threads = '', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory } = environment;
  if (threads === '') return countProcessors(memory);
  if (/^[1-9]\d{0,2}$/.test(threads)) return Number(threads);
  report(`MODEL_THREADS is ${JSON.stringify(threads)}, which is no number of threads from 1 to 999.`);
  return unusable;
}

function readDevice({ MODEL_DEVICE: device = '' }: Environment, report: Report): Device | 'auto' {
  if (device === 'cpu' || device === 'cuda' || device === 'auto') return device;
  if (device === '') return 'cpu';
  report(`MODEL_DEVICE is ${JSON.stringify(device)}, which is none of cpu, cuda and auto.`);
  return unusable;
}

/** Reads `LOG_LEVEL`. */
export function readLogLevel({ LOG_LEVEL }: Environment, report: Report): LogLevel {
  const level = (LOG_LEVEL || 'info').toLowerCase();
  if (isLogLevel(level)) return level;
  report(`LOG_LEVEL is ${JSON.stringify(LOG_LEVEL)}, which is none of ${levelNames}.`);
  return unusable;
}

function readRefresh({ MODEL_REFRESH_SECONDS: seconds = '' }: Environment, report: Report): number {
  if (/^([1-9]\d{0,3})?$/.test(seconds)) return 1000 * Number(seconds || 60);
  report(`MODEL_REFRESH_SECONDS is ${JSON.stringify(seconds)}, which is no number of seconds from 1 to 9999.`);
  return unusable;
}

/** Reads a variable that is on or off. */
export function readSwitch(environment: Environment, name: string, otherwise: boolean, report: Report): boolean {
  const word = environment[name] || (otherwise ? 'on' : 'off');
  if (word !== 'on' && word !== 'off') report(`${name} is ${JSON.stringify(word)}, which is neither on nor off.`);
  return word === 'on';
}

/**
 * Calls `read` with a function that takes problems.
 *
 * @throws ConfigurationError with all problems that `read` reports.
 */
export function collectProblems<T>(read: (report: Report) => T): T {
  const problems: string[] = [];
  const result = read((problem) => void problems.push(problem));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return result;
}

/** Reads the settings of the model. A problem is reported, and its setting is then of no use. */
export function readModelSettings(environment: Environment, report: Report): ModelSettings {
  return {
    store: readStore(environment, report, readVerificationCache(environment, report)),
    modelVersion: readVersion(environment, report),
    modelDirectory: readDirectory(environment, report),
    device: readDevice(environment, report),
    threads: readThreads(environment, report),
    refreshMs: readRefresh(environment, report),
    logLevel: readLogLevel(environment, report),
  };
}
