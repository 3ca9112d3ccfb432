/** jest's reporter of the line "N passed, N failed", which .ci/run adds up. */
export default class {
  onRunComplete(_, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const line = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`;
    // jest prints its summary after all reporters have run. This line must be the last one.
    process.once('exit', () => console.log(line));
  }
}
