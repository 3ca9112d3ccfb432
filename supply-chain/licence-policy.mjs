// Which licences may ship: permissive ones. A package under another or an unknown one fails, unless it is named here with a reason
// (decision 0087).

/** Licences by SPDX's names that ask for no more than notices. */
const permissive = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'Apache-2.0 WITH LLVM-exception',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BSL-1.0',
    'CC0-1.0',
    'CNRI-Python',
  ],
  ...['ISC', 'MIT', 'MIT-0', 'PSF-2.0', 'Unlicense', 'Zlib'],
]);

/** What packages declare in words of their own, by SPDX's names. */
const spdxNames = new Map([
  ['Apache 2.0', 'Apache-2.0'],
  ['License :: OSI Approved :: Apache Software License', 'Apache-2.0'],
  ['License :: OSI Approved :: BSD License', 'BSD-3-Clause'],
  ['License :: OSI Approved :: ISC License (ISCL)', 'ISC'],
  ['License :: OSI Approved :: MIT License', 'MIT'],
  ['License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)', 'MPL-2.0'],
  ['License :: Other/Proprietary License', 'LicenseRef-Proprietary'],
]);

/** Licences of packages that declare none, or none in a form that a program can read. */
const stated = new Map([
  ['protobuf', 'BSD-3-Clause'],
  ['transformers', 'Apache-2.0'],
  ['cuda-toolkit', 'LicenseRef-NVIDIA-Proprietary'],
  ['nvidia-cusparselt-cu13', 'LicenseRef-NVIDIA-Proprietary'],
]);

const nvidia = 'NVIDIA lets an application bring it along unchanged.';

/** Packages that ship though their licence is not permissive: the part of it that is not, and why. */
const exceptions = [
  {
    package: /^tqdm$/,
    licence: 'MPL-2.0',
    reason: 'The licence covers its own files, which are used unchanged; their source is what is installed.',
  },
  { package: /^(nvidia-.*|cuda-toolkit)$/, licence: 'LicenseRef-NVIDIA-Proprietary', reason: nvidia },
  { package: /^nvidia-.*$/, licence: 'LicenseRef-Proprietary', reason: nvidia },
];

/**
 * The licence of a package as one expression of SPDX; '' if it is unknown.
 *
 * @param {string} name
 * @param {readonly string[]} declared - what the package declares, in the order of how exact it is: the first one that is known counts.
 */
export function readLicence(name, declared) {
  const known = declared.map((text) => spdxNames.get(text) ?? text).filter((text) => text !== '');
  return known.find(isExpression) ?? stated.get(name) ?? '';
}

const isExpression = (text) => /^\(?[\w.+-]+( (WITH|AND|OR) \(?[\w.+-]+\)?)*\)?$/.test(text) && text !== 'BSD';

const isAllowed = (name, licence) =>
  permissive.has(licence) ||
  exceptions.some((exception) => exception.licence === licence && exception.package.test(name));

/** Removes brackets around all of an expression. */
const unwrap = (expression) => (/^\([^()]*\)$/.test(expression) ? expression.slice(1, -1) : expression);

/** The licences that do not allow a package to ship, empty if it may. Of alternatives (OR) one is enough. */
function findRefused(name, expression) {
  if (/[()]/.test(unwrap(expression))) return [expression];
  const alternatives = unwrap(expression)
    .split(' OR ')
    .map((all) => all.split(' AND ').filter((licence) => !isAllowed(name, licence)));
  return alternatives.some((refused) => refused.length === 0) ? [] : [...new Set(alternatives.flat())];
}

/**
 * One sentence per package that may not ship.
 *
 * @param {readonly { name: string, version: string, licence: string }[]} packages
 */
export function findProblems(packages) {
  return packages.flatMap(({ name, version, licence }) => {
    const what = `${name} ${version}`;
    if (licence === '')
      return [`${what} declares no licence that is known: read it, and state it in supply-chain/licence-policy.mjs.`];
    const refused = findRefused(name, licence);
    if (refused.length === 0) return [];
    return [
      `${what} is under ${refused.join(', ')}, which does not ship: do without it, or give the reason in supply-chain/licence-policy.mjs.`,
    ];
  });
}

/** Why a package ships though its licence is not permissive; undefined for all others. */
export const reasonFor = (name, expression) =>
  exceptions.find((exception) => exception.package.test(name) && expression.includes(exception.licence))?.reason;
