// The suites that build images and start containers: test:image, test:compose, test:train-image and test:deploy of package.json.
import base, { containerSuites } from '../../jest.config.mjs';

// Some commands live in sbin folders, which not every PATH has.
process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

export default {
  ...base,
  rootDir: '../..',
  testEnvironment: '<rootDir>/test/containers/environment.mjs',
  testMatch: containerSuites.map((folder) => `${folder}/*.test.ts`),
  testPathIgnorePatterns: [],
  verbose: true,
  reporters: ['default', '<rootDir>/test/containers/tally.mjs'],
  // The suites share podman's storage.
  maxWorkers: 1,
  testTimeout: 600_000,
};
