// Whether the pointer's history has every version that ever became current.

/** A promotion that its promoter holds for successful. */
export interface Win {
  readonly version: string;
  /** The version that was current before. */
  readonly previous?: string | undefined;
}

/** The pointer as it is in the end. */
export interface LastPointer {
  readonly version: string;
  readonly previous?: readonly string[] | undefined;
}

/** Versions that a pointer remembers at most. */
const longestHistory = 20;

/** The versions from the last one back to the first, by what each winner has replaced. */
function followBack(last: string, replaced: ReadonlyMap<string, string | undefined>): string[] {
  const chain: string[] = [];
  let version: string | undefined = last;
  while (version !== undefined && !chain.includes(version)) {
    chain.push(version);
    version = replaced.get(version);
  }
  return chain;
}

/**
 * Finds promotions that were lost: two that replaced the same version, one that the history does not lead to, and a pointer
 * that remembers other versions.
 *
 * @param first - the version that was current before all promotions. No version becomes current twice.
 */
export function findLost(first: string, wins: readonly Win[], last: LastPointer): string[] {
  const findings: string[] = [];
  const winners = new Map<string | undefined, string>();
  for (const { version, previous } of wins) {
    const other = winners.get(previous);
    if (other) findings.push(`${version} and ${other} have both replaced ${previous}: one of them is lost`);
    winners.set(previous, version);
  }
  const chain = followBack(last.version, new Map(wins.map(({ version, previous }) => [version, previous])));
  if (chain.at(-1) !== first) findings.push(`the history ends at ${chain.at(-1)} and not at ${first}`);
  for (const { version } of wins)
    if (!chain.includes(version)) findings.push(`${version} became current, and the history does not lead to it`);
  const expected = chain.slice(1, 1 + longestHistory).join(' ');
  const remembered = (last.previous ?? []).join(' ');
  if (remembered !== expected)
    findings.push(`current.json remembers ${remembered || 'nothing'} and not ${expected || 'nothing'}`);
  return findings;
}
