import type { Finding } from './checks.ts';

/** The findings as a table, and a sentence at its end. */
export function describeFindings(url: string, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const rows = findings.map(({ name, ms, detail, problem }) => {
    const time = ms === undefined ? '' : `${ms} ms`;
    return `${(problem ? 'FAIL' : 'ok').padEnd(6)}${name.padEnd(width)}  ${time.padStart(9)}  ${problem ?? detail}`;
  });
  const failed = findings.filter(({ problem }) => problem).length;
  const verdict = failed === 0 ? `${url} does what it promises.` : `${url}: ${failed} of ${findings.length} failed.`;
  return `${[...rows, '', verdict].join('\n')}\n`;
}
