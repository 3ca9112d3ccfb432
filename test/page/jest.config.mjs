// The suite of the page: test:page of package.json. It needs Chromium.
import base, { pageSuite } from '../../jest.config.mjs';

export default {
  ...base,
  rootDir: '../..',
  testMatch: [`${pageSuite}/*.test.ts`],
  testPathIgnorePatterns: [],
  verbose: true,
  maxWorkers: 1,
};
