import { drawChart } from '../../bench/chart.ts';
import type { Row } from '../../bench/results.ts';

const row = (name: string, p50: number, ratio?: number): Row => ({
  name,
  unit: 'ms',
  p50,
  p99: p50,
  min: p50,
  blocks: [p50],
  ratio,
});

const draw = (rows: readonly Row[]) => drawChart({ title: 'A & B', rows });

const readLengths = (svg: string) =>
  [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, length]) => Number(length));

test('the length of a bar is proportional to its value, and the bar of this project has another colour', () => {
  const svg = draw([row('this project', 10), row('theirs', 20, 2)]);
  const [ours = 0, theirs = 0] = readLengths(svg);
  expect(theirs / ours).toBeCloseTo(2, 1);
  expect(svg.match(/class="own"/g)).toHaveLength(1);
  expect(svg.match(/class="bar"/g)).toHaveLength(1);
});

test('values far apart have a logarithmic scale, and the caption names it', () => {
  const svg = draw([row('this project', 10), row('theirs', 1000, 100)]);
  const [ours = 0, theirs = 0] = readLengths(svg);
  expect(theirs / ours).toBeLessThan(20);
  expect(svg).toContain('logarithmic');
});

test('each unit has its own scale', () => {
  const svg = draw([row('a', 10), row('b', 5), { ...row('c', 4000), unit: 'MiB' }]);
  const [a = 0, b = 0, c = 0] = readLengths(svg);
  expect(a / b).toBeCloseTo(2, 1);
  expect(c).toBe(a);
});

test('a chart is one SVG document for light and dark pages whose texts are escaped', () => {
  const svg = draw([row('<b>', 1)]);
  expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).toContain('A &amp; B');
  expect(svg).toContain('&lt;b&gt;');
});
