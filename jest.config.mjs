/** Folders of the suites that start containers. test/containers/jest.config.mjs runs them. */
export const containerSuites = ['image', 'compose', 'train-image', 'no-network', 'deploy'].map(
  (name) => `<rootDir>/test/${name}`,
);

/** The suite of the page, which needs a browser. test/page/jest.config.mjs runs it. */
export const pageSuite = '<rootDir>/test/page';

export default {
  testEnvironment: '<rootDir>/test/jest/environment.mjs',
  globalSetup: '<rootDir>/test/jest/setup.mjs',
  globalTeardown: '<rootDir>/test/jest/teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/jest/transform.mjs' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [...containerSuites, pageSuite].map((folder) => `${folder}/`),
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/client/(dist/|package\\.json)', '<rootDir>/.venv/'],
  // Outlives the folder for temporary files, which is made anew for each run.
  cacheDirectory: '<rootDir>/.cache/jest',
  maxWorkers: 2,
  // A busy machine is not a failure.
  testTimeout: 120_000,
};
