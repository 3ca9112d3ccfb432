import {
  collectProblems,
  type Environment,
  type ModelSettings,
  readModelSettings,
  readSwitch,
} from '../../layers/prediction/index.ts';

/** The settings of the service, read once from the environment. */
export interface Configuration extends ModelSettings {
  /** From `LOG_TEXT`: whether the log contains the texts. */
  readonly logText: boolean;
  /** From `API_KEYS_PARAMETER`: the SSM parameter with the keys; undefined if no caller needs one. */
  readonly keysParameter: string | undefined;
  /** From `PAGE`: whether browsers get the page at `/` and the API reference at `/docs`. */
  readonly page: boolean;
  /** From `DRIFT`: whether answers are counted by bin. */
  readonly drift: boolean;
  /** From `FEEDBACK_STREAM`: the delivery stream that feedback is put into; undefined if none is taken. */
  readonly feedbackStream: string | undefined;
  /** From `FEEDBACK_TEXT`: whether feedback may hold a text. */
  readonly feedbackText: boolean;
}

/**
 * Reads the environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readConfiguration = (environment: Environment): Configuration =>
  Object.freeze(
    collectProblems((report) => ({
      ...readModelSettings(environment, report),
      logText: readSwitch(environment, 'LOG_TEXT', false, report),
      keysParameter: environment.API_KEYS_PARAMETER || undefined,
      page: readSwitch(environment, 'PAGE', true, report),
      drift: readSwitch(environment, 'DRIFT', false, report),
      feedbackStream: environment.FEEDBACK_STREAM || undefined,
      feedbackText: readSwitch(environment, 'FEEDBACK_TEXT', false, report),
    })),
  );
