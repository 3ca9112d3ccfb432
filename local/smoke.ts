// `npm run smoke -- URL`: whether a running service, deployed or local, does what it promises. For a person after a deployment.
import { UsageError } from './command-line.ts';
import { runChecks } from './smoke/checks.ts';
import { createClient } from './smoke/client.ts';
import { readSmokeOptions, usage } from './smoke/options.ts';
import { describeFindings } from './smoke/report.ts';
import { createSigner } from './smoke/signing.ts';
import { explain } from './train/process.ts';

/** Returns the exit code. */
async function smoke(): Promise<number> {
  const { url, region, headers, help } = readSmokeOptions(process.argv.slice(2));
  if (help) {
    process.stdout.write(usage);
    return 0;
  }
  const sign = region === undefined ? undefined : createSigner(region);
  const findings = await runChecks(createClient({ url, headers, sign }));
  process.stdout.write(describeFindings(url, findings));
  return findings.every(({ problem }) => problem === undefined) ? 0 : 1;
}

process.exitCode = await smoke().catch((error: unknown) => explain(error, error instanceof UsageError ? 2 : 1));
