// What the rehearsal needs from the machine beside what the image test does.
import { isInstalled, requireTools as requireImageTools } from '../image/tools.mjs';

/** Commands by the Debian package that brings them. */
const packages = {
  docker: 'docker.io',
  'docker-registry': 'docker-registry',
  openssl: 'openssl',
  unshare: 'util-linux',
};

/** Throws an Error that lists what is missing, and how to get it. */
export function requireTools() {
  const problems = [];
  try {
    requireImageTools();
  } catch (error) {
    problems.push(error.message);
  }
  const missing = Object.keys(packages).filter((command) => !isInstalled(command));
  if (missing.length > 0) {
    const names = missing.map((command) => packages[command]).join(' ');
    problems.push(`Missing: ${missing.join(', ')}. On Debian: apt-get install --no-install-recommends ${names}`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
