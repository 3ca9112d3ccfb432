import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Places } from './places.ts';

/** Where and with what was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Instructions that decide how fast int8 and bfloat16 are. */
  readonly instructions: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The versions of what Python runs. */
const askPython = `
import importlib.metadata, json, platform
names = ["torch", "onnxruntime", "transformers", "tokenizers"]
print(json.dumps({"Python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}))`;

const wanted = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8'];

function listInstructions(cpuInfo: string): string {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.split(' '));
  return wanted.filter((flag) => flags.has(flag)).join(', ');
}

/** Asks the machine. `cpuInfo` is the content of /proc/cpuinfo, empty where there is none. */
export function describeMachine({ python }: Places, cpuInfo: string, more: Readonly<Record<string, string>>): Machine {
  const { stdout } = spawnSync(python, ['-c', askPython], { encoding: 'utf8' });
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    instructions: listInstructions(cpuInfo),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    versions: { Node: process.version, ...more, ...JSON.parse(stdout || '{}') },
  };
}
