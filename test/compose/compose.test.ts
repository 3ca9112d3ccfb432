// docker-compose.yml's services, started by podman one by one, and the API image alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildLambdaImage, provideLambdaBase } from '../containers/lambda-image.mjs';
import { inspectImage, readProcess, runOnce, startContainer } from '../containers/podman.mjs';
import { requireTools } from '../containers/tools.mjs';
import {
  checkHealth,
  motoVersion,
  provideEmulator,
  readServices,
  startNetwork,
  startService,
  waitUntilHealthy,
} from './services.mjs';

const root = join(import.meta.dirname, '..', '..');
const address = 'http://localhost:5000';
const services = readServices();

requireTools();
provideLambdaBase();
const image = buildLambdaImage({ tag: services.api.image, target: services.api.build.target });
const network = await startNetwork();

/** Runs `npm run smoke` in the containers' network. */
function expectGoodSmoke() {
  const { status, stdout, stderr } = network.run(process.execPath, [join(root, 'dist', 'local', 'smoke.mjs'), address]);
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.any(String)]);
}

describe('docker-compose.yml', () => {
  it('has the emulator in the version that the tests run', () =>
    expect(services.s3.image).toBe(`motoserver/moto:${motoVersion()}`));

  it('lets the API answer on port 5000 of this machine', () => expect(services.api.ports).toEqual(['5000:5000']));

  it('has an image for an unprivileged user', () => expect(inspectImage(image).Config.User).toBe('1000:1000'));
});

describe('the services together', () => {
  let api: ReturnType<typeof startContainer>;

  it('include an s3 that becomes healthy', () =>
    waitUntilHealthy('s3', startService('s3', network, provideEmulator(services.s3.image))));

  it.each(['puts models/sample into the bucket and ends', 'does no harm when it runs again'])(
    'include a sample that %s',
    async () => {
      const sample = startService('sample', network);
      expect([await sample.exited, sample.output()]).toEqual([0, expect.any(String)]);
    },
  );

  it('include an api that becomes healthy', async () => {
    api = startService('api', network);
    await waitUntilHealthy('api', api);
  });

  it('pass npm run smoke', expectGoodSmoke);

  it('run four workers, unprivileged, on a read-only root', () => {
    const { pid, userId, capabilities, readOnlyRoot } = readProcess(api);
    expect({ userId, capabilities, readOnlyRoot }).toEqual({ userId: 1000, capabilities: 0, readOnlyRoot: true });
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const commands = children.map((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8'));
    expect(commands.filter((command) => command.includes('worker.mjs'))).toHaveLength(4);
  });

  it('end with 0 on SIGTERM', async () => {
    api.signal('TERM');
    expect([await api.exited, api.output()]).toEqual([0, expect.any(String)]);
  });
});

/** `docker run -v <data>:/home/bert/data`, as in the tutorial; `data` has the model store in `models`. */
describe('the API image alone', () => {
  it('serves a mounted folder', async () => {
    const flags = ['--volume', `${join(root, 'models', 'sample')}:/home/bert/data/models:ro`];
    const alone = startContainer({ image, name: 'alone', network: network.name, flags });
    await waitUntilHealthy('api', alone);
    expectGoodSmoke();
    await alone.stop();
  });

  it('reports the missing folder if it is not mounted, and keeps running, alive but not healthy', async () => {
    const bare = startContainer({ image, name: 'bare', network: network.name });
    while (!/^No model yet/m.test(bare.output())) await sleep(100);
    const script = `for (const path of ['predict?sentence=a', 'ready', 'health']) console.log((await fetch('${address}/' + path)).status)`;
    const { stdout } = network.run(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim().split('\n')).toEqual(['503', '503', '200']);
    expect(() => checkHealth('api', bare)).toThrow();
    expect(bare.output()).toMatch(
      /\/home\/bert\/data\/models is not a folder\. A container sees only what is mounted\./,
    );
    await bare.stop();
  });

  it('runs another command instead if one is given', () => {
    expect(runOnce(image, ['/bin/sh', '-c', 'id -u; echo $HOME'])).toBe('1000\n/home/bert');
  });
});
