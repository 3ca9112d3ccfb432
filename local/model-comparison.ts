// `npm run model -- diff`: the figures of two versions side by side, and what differs in how they were made.
import { type Manifest, type ModelStore, readManifest } from '../layers/model-store/index.ts';
import { type Facts, formatRows, listFacts } from './model-report.ts';

type Row = readonly string[];

/**
 * Returns the figures of two versions, first of all rows, then of each set and behaviour, with the difference (other − one);
 * after them the other facts in which the manifests differ. A figure that a version lacks is shown as `–`.
 */
export async function compareModels(store: ModelStore, one: string, other: string): Promise<string> {
  const manifests = await Promise.all([readManifest(store, one), readManifest(store, other)]);
  const differing = compareFacts(...manifests);
  return formatRows([
    ['', one, other, 'difference'],
    ...compareSets(manifests),
    ...compareBehaviours(manifests),
    ...(differing.length > 0 ? [['what else differs'], ...differing] : []),
  ]);
}

type Pair = readonly [Manifest, Manifest];
/** What is measured on some rows: on all, or on those of one set. */
type Measured = Pick<Manifest['metrics'], 'rows' | 'accuracy' | 'macroF1' | 'f1' | 'auc' | 'ece' | 'classes' | 'polar'>;
/** Figures by name, in the order in which they are shown. */
type Figures = ReadonlyMap<string, number>;

const missing = '–';
const none: Figures = new Map();

function compareSets(manifests: Pair): Row[] {
  const withPolar = manifests.some(({ labels }) => labels.length > 2);
  const [one, other] = manifests.map(({ labels, metrics }) => {
    const sets = (metrics.sets ?? []).map((set) => [`${set.name} (${set.use})`, set] as const);
    return new Map<string, Figures>(
      [['all rows', metrics] as const, ...sets].map(([name, measured]) => [
        name,
        new Map([...listFigures(measured), ...(withPolar ? listPolar(labels, measured) : [])]),
      ]),
    );
  });
  const names = new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]);
  return [...names].flatMap((name) => [[name], ...compareFigures(one?.get(name) ?? none, other?.get(name) ?? none)]);
}

/** Lists the figures of all the version's classes. */
function listFigures({ rows, accuracy, macroF1, f1, auc, ece, classes = {} }: Measured): Figures {
  return new Map([
    ['rows', rows],
    ['accuracy', accuracy],
    ...(macroF1 === undefined ? [] : [['macroF1', macroF1] as const]),
    ...Object.entries(classes).flatMap(([label, { rows, recall }]) =>
      rows > 0 ? [[`recall of ${label}`, recall] as const] : [],
    ),
    ['f1 of positive', f1],
    ['auc of positive', auc],
    ['ece', ece],
  ]);
}

/** Lists the figures of positive against negative. A version of two classes has no others. */
function listPolar(labels: readonly string[], measured: Measured): Figures {
  const polar = labels.length === 2 ? measured : measured.polar;
  return new Map(
    polar
      ? [
          ['polar accuracy', polar.accuracy],
          ['polar f1', polar.f1],
          ['polar ece', polar.ece],
        ]
      : [],
  );
}

function compareBehaviours(manifests: Pair): Row[] {
  const [one, other] = manifests.map(
    ({ metrics }): Figures => new Map(metrics.behaviours?.map(({ name, failed }) => [name, failed])),
  );
  const rows = compareFigures(one ?? none, other ?? none);
  return rows.length === 0 ? [] : [['share failed of each behaviour'], ...rows];
}

/** Returns one row for each figure that at least one of the two has. */
function compareFigures(one: Figures, other: Figures): Row[] {
  // The version with more figures decides about their order.
  const [longer, shorter] = one.size >= other.size ? [one, other] : [other, one];
  const names = new Set([...longer.keys(), ...shorter.keys()]);
  return [...names].map((name) => {
    const values = [one.get(name), other.get(name)];
    return [`  ${name}`, ...values.map(formatFigure), formatDifference(values)];
  });
}

function formatFigure(value: number | undefined): string {
  if (value === undefined) return missing;
  return Number.isInteger(value) && value > 1 ? String(value) : value.toFixed(4);
}

function formatDifference([one, other]: readonly (number | undefined)[]): string {
  if (one === undefined || other === undefined) return missing;
  const difference = other - one;
  if (difference === 0) return '0';
  return `${difference > 0 ? '+' : '−'}${formatFigure(Math.abs(difference))}`;
}

/** Facts that are not figures. */
const factsOf = (manifest: Manifest): Facts =>
  new Map([...listFacts(manifest)].filter(([name]) => !/^(metrics\.|version$|createdAt$|digest$)/.test(name)));

function compareFacts(left: Manifest, right: Manifest): Row[] {
  const [one, other] = [factsOf(left), factsOf(right)];
  const names = [...new Set([...one.keys(), ...other.keys()])].sort();
  return names
    .map((name) => [`  ${name}`, one.get(name) ?? missing, other.get(name) ?? missing])
    .filter(([, own, theirs]) => own !== theirs);
}
