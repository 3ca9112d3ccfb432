// jest's environment for suites that start containers. It undoes what a suite has registered, at the suite's end or
// when a signal stops jest.
import Environment from '../jest/environment.mjs';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export default class extends Environment {
  #steps = [];
  #stopping;

  constructor(config, context) {
    super(config, context);
    this.global.undoLater = (undo) => this.#steps.push(undo);
    // Signals reach only this process object. Inside a test file `process` is a copy.
    for (const signal of Object.keys(exitCodes)) process.on(signal, this.#stop);
  }

  #stop = (signal) => {
    this.#stopping ??= this.#undo()
      .then(() => globalThis.motoForTests?.stop())
      .finally(() => process.exit(exitCodes[signal]));
  };

  async #undo() {
    for (let undo = this.#steps.pop(); undo; undo = this.#steps.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error(error.message);
      }
    }
  }

  async teardown() {
    await this.#undo();
    for (const signal of Object.keys(exitCodes)) process.off(signal, this.#stop);
    await super.teardown();
  }
}
