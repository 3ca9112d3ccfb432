// A container registry that stands in for ECR: Debian's docker-registry on a loopback address of its own, with ECR's name
// in its certificate and ECR's login.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, undoLater, watchChild } from '../containers/tools.mjs';

const startLimitMs = 120_000;

/** The login of moto's ECR in the account 123456789012, and its bcrypt hash of the lowest cost. */
const login = 'AWS:123456789012-auth-token';
const users = 'AWS:$2b$04$inBbprkvWhogXzH44OKXquCn/qgs3jY42sg3jc0ncHSNzpggdx5km\n';

/** Each process has an address of its own, because an image's name in ECR carries no port. So two runs never meet. */
const chooseAddress = () => `127.${1 + (process.pid % 253)}.${(process.pid >> 8) % 254}.80`;

const makeCertificate = (folder, name) => {
  const [key, certificate] = [join(folder, 'registry.key'), join(folder, 'registry.crt')];
  execute('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=registry', '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', certificate],
  ]);
  return { key, certificate };
};

const configure = (folder, address, tls) => {
  const [images, accounts, file] = ['images', 'users', 'registry.yml'].map((part) => join(folder, part));
  mkdirSync(images);
  writeFileSync(accounts, users);
  const configuration = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: images } },
    http: { addr: `${address}:443`, tls },
    auth: { htpasswd: { realm: 'ECR', path: accounts } },
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(configuration));
  return file;
};

const waitUntil = async (answers, child) => {
  for (const deadline = Date.now() + startLimitMs; !(await answers()); await sleep(100)) {
    if (child.exitCode !== null || Date.now() > deadline) return false;
  }
  return true;
};

/**
 * Starts the registry, which ends with the suite. All that it writes is in `folder`.
 *
 * @param name - ECR's name in images.
 * @returns `name`, `address`, `certificate` (a file), `listTags(repository)` and `readManifest(repository, reference)`.
 */
export async function startRegistry(folder, name) {
  const address = chooseAddress();
  const tls = makeCertificate(folder, name);
  const child = spawn('docker-registry', ['serve', configure(folder, address, tls)], { stdio: 'pipe' });
  const { output, exited } = watchChild(child);
  undoLater(() => {
    child.kill('SIGKILL');
    return exited;
  });
  const options = { host: address, servername: name, ca: readFileSync(tls.certificate), auth: login };
  const ask = (path, headers) =>
    new Promise((resolve, reject) => {
      get({ ...options, path: `/v2/${path}`, headers }, resolve).once('error', reject);
    });
  const answers = () =>
    ask('').then(
      (answer) => answer.resume().statusCode === 200,
      () => false,
    );
  if (!(await waitUntil(answers, child)))
    throw new Error(`docker-registry does not answer on ${address}:443:\n${output().slice(-2000)}`);
  /** The manifest as it was pushed: `digest`, `mediaType`, `text`. Throws if the registry has none. */
  const readManifest = async (repository, reference) => {
    const accept = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json';
    const answer = await ask(`${repository}/manifests/${reference}`, { accept });
    const manifest = await text(answer);
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} for ${repository} ${reference}: ${manifest}`);
    const { 'docker-content-digest': digest, 'content-type': mediaType } = answer.headers;
    return { digest, mediaType, text: manifest };
  };
  const listTags = async (repository) => JSON.parse(await text(await ask(`${repository}/tags/list`))).tags ?? [];
  return { name, address, certificate: tls.certificate, listTags, readManifest };
}
