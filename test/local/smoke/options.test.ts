import { readSmokeOptions } from '../../../local/smoke/options.ts';

it('takes an address, with or without a slash at its end', () => {
  expect(readSmokeOptions(['http://localhost:5000/'])).toEqual({
    url: 'http://localhost:5000',
    region: undefined,
    headers: {},
    help: false,
  });
});

it('takes a region to sign for, and headers', () => {
  const words = [
    'https://a.example',
    '--region',
    'eu-west-1',
    '--header',
    'Authorization: Bearer x',
    '--header',
    'A:b',
  ];
  expect(readSmokeOptions(words)).toMatchObject({
    region: 'eu-west-1',
    headers: { Authorization: 'Bearer x', A: 'b' },
  });
});

it.each([
  [[], /^Say which service: npm run smoke -- http:\/\/localhost:5000/],
  [['localhost:5000'], /^"localhost:5000" is no address/],
  [['http://a.example', 'http://b.example'], /^One address at a time/],
  [['http://a.example', '--header', 'nothing'], /^--header takes 'NAME: VALUE', not "nothing"/],
  [['http://a.example', '--regions', 'x'], /Unknown option '--regions'/],
])('refuses %j in one sentence', (words, message) => {
  expect(() => readSmokeOptions(words)).toThrow(message);
});
