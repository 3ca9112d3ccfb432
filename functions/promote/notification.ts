import type { Message } from '../../layers/telemetry/index.ts';
import type { Decision } from './canary.ts';
import type { Outcome } from './promotion.ts';
import { describeRefusal } from './verdict.ts';

/** The message about an outcome; undefined if nothing happened. */
export function describeOutcome(outcome: Outcome, location: string): Message | undefined {
  const { kind, version } = outcome;
  const where = `${location}/versions/${version}/verdict.json`;
  if (kind === 'promoted') {
    const instead = outcome.previous ? ` instead of ${outcome.previous}` : '';
    return {
      subject: `Model ${version} is current`,
      text: `Model ${version} was accepted and is current${instead}. To go back: npm run model -- rollback\n${where}`,
    };
  }
  if (kind === 'candidate')
    return {
      subject: `Model ${version} answers ${outcome.share} % of the texts`,
      text:
        `Model ${version} was accepted and answers ${outcome.share} % of the texts, beside ${outcome.champion}. It becomes current ` +
        `after ${outcome.until} unless an alarm rings. To end the canary: npm run model -- rollback\n${where}`,
    };
  if (kind === 'held')
    return {
      subject: `Model ${version} is accepted and waits`,
      text: `Model ${version} was accepted but not made current: promotions are on hold (${outcome.reason}).\n${where}`,
    };
  if (kind === 'refused')
    return {
      subject: `Model ${version} is refused`,
      text: `Model ${version} was refused; nothing has changed. ${describeRefusal(outcome.verdict)}\n${where}`,
    };
  return undefined;
}

/** The message about a decision; undefined if the canary goes on, or none runs. */
export function describeDecision(decision: Decision): Message | undefined {
  const { kind } = decision;
  if (kind === 'promoted')
    return {
      subject: `Model ${decision.version} is current`,
      text:
        `Model ${decision.version} is current instead of ${decision.previous}: no alarm rang during its canary. ` +
        'To go back: npm run model -- rollback',
    };
  if (kind === 'withdrawn')
    return {
      subject: `Model ${decision.version} is withdrawn`,
      text:
        `Model ${decision.version} was withdrawn from its canary, and ${decision.champion} answers all texts, because of the alarm ` +
        `${decision.alarms.join(', ')}. To make it current all the same: npm run model -- promote ${decision.version}`,
    };
  return undefined;
}
