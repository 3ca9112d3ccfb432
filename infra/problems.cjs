// Everything that is wrong with a deployment before it starts, as sentences.
const { parameters } = require('./parameters.cjs');

/** Unknown stage, unknown parameters, texts that a parameter does not accept. `options` are the command line's. */
function findProblems({ service, configurationInput: { params } }, options) {
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

const describeUnknown = (name) => `There is no parameter "${name}"; README.md lists them all.`;

module.exports = { findProblems };
