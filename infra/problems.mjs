// Finds problems of a deployment before it starts, and describes each in a sentence.
import { parameters } from './parameters.mjs';

/** Finds an unknown stage, unknown parameters, and texts that a parameter does not accept. `options` are the command line's. */
export function findProblems({ service, configurationInput: { params } }, options) {
  const stage = service.provider.stage;
  const stages = Object.keys(params).filter((name) => name !== 'default');
  if (!stages.includes(stage))
    return [
      `There is no stage "${stage}". Stages are ${stages.join(' and ')}; infra/parameters.yml takes another one as a further section.`,
    ];
  const given = (options.param ?? []).map((text) => text.split('=')[0]);
  const written = Object.values(params).flatMap((section) => Object.keys(section));
  const unknown = [...new Set([...given, ...written])].filter((name) => !(name in parameters));
  return [...unknown.map(describeUnknown), ...service.custom.settings.problems];
}

const describeUnknown = (name) => `There is no parameter "${name}"; docs/settings.md lists them all.`;

/** Ends the command with all problems, if there are any, in place of a stack trace. */
export function refuse(serverless, problems) {
  if (problems.length > 0) throw new serverless.classes.Error(problems.join('\n'), 'DEPLOYMENT_REFUSED');
}
