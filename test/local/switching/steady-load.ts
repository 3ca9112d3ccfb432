import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer, or the failure of its request. */
export interface Reply {
  /** Time of the request, in milliseconds since the load began. */
  readonly at: number;
  readonly status: number;
  /** Version in the header. */
  readonly version: string | undefined;
  /** Version in the body. */
  readonly model: string | undefined;
  readonly milliseconds: number;
  readonly failure?: string;
}

async function readBody(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

function ask(url: string, agent: Agent): Promise<Omit<Reply, 'at' | 'milliseconds'>> {
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ status: 0, version: undefined, model: undefined, failure: error.message });
    const request = get(url, { agent }, async (response) => {
      const text = await readBody(response).catch((error: Error) => void fail(error));
      if (text === undefined) return;
      const version = response.headers['x-model-version'];
      const { model } = JSON.parse(text);
      resolve({ status: response.statusCode ?? 0, version: String(version), model });
    });
    request.on('error', fail);
  });
}

/**
 * Sends requests at a constant rate, independent of the answers. `stop` ends that and waits for the outstanding answers.
 *
 * @param rate - requests per second.
 */
export function startLoad(url: string, rate: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const started = performance.now();
  const replies: Promise<Reply>[] = [];
  let running = true;
  const send = async (): Promise<Reply> => {
    const asked = performance.now();
    const reply = await ask(url, agent);
    return { ...reply, at: asked - started, milliseconds: performance.now() - asked };
  };
  const loop = async () => {
    for (let sent = 0; running; sent++) {
      replies.push(send());
      await sleep(Math.max(0, started + (1000 * (sent + 1)) / rate - performance.now()));
    }
  };
  const looping = loop();
  return {
    stop: async (): Promise<readonly Reply[]> => {
      running = false;
      await looping;
      const all = await Promise.all(replies);
      agent.destroy();
      return all;
    },
  };
}
