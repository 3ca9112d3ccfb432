import {
  collectProblems,
  type Environment,
  type ModelSettings,
  readModelSettings,
  readSwitch,
} from '../../layers/prediction/index.ts';

/** The settings of the function, read once from the environment. */
export interface Configuration extends ModelSettings {
  /** From `DELIVERY_STREAM`: name of the Firehose stream that takes the results. */
  readonly deliveryStream: string;
  /** From `DEAD_LETTERS_URL`: the queue for messages that can never be scored. */
  readonly deadLettersUrl: string;
  /** From `RESULTS_TOPIC_ARN`: the SNS topic for results; undefined for none. */
  readonly topicArn: string | undefined;
  /** From `DRIFT`: whether answers are counted by bin. */
  readonly drift: boolean;
}

/**
 * Reads the environment.
 *
 * @throws ConfigurationError that lists every problem at once.
 */
export const readConfiguration = (environment: Environment): Configuration =>
  collectProblems((report) => {
    const {
      DELIVERY_STREAM: deliveryStream = '',
      DEAD_LETTERS_URL: deadLettersUrl = '',
      RESULTS_TOPIC_ARN,
    } = environment;
    const settings = readModelSettings(environment, report);
    if (deliveryStream === '')
      report('DELIVERY_STREAM is not set. It names the Firehose stream that takes the results.');
    if (!URL.canParse(deadLettersUrl))
      report(`DEAD_LETTERS_URL is ${JSON.stringify(deadLettersUrl)}, which is no address of a queue.`);
    const drift = readSwitch(environment, 'DRIFT', false, report);
    return Object.freeze({
      ...settings,
      deliveryStream,
      deadLettersUrl,
      topicArn: RESULTS_TOPIC_ARN || undefined,
      drift,
    });
  });
