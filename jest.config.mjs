export default {
  testEnvironment: '<rootDir>/test/jest/environment.mjs',
  globalSetup: '<rootDir>/test/jest/setup.mjs',
  globalTeardown: '<rootDir>/test/jest/teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/jest/transform.mjs' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.venv/'],
  // Outlives the folder for temporary files, which is made anew for each run.
  cacheDirectory: '<rootDir>/.cache/jest',
  maxWorkers: 2,
};
