// The pipeline of @huggingface/transformers behind node:http, in several processes that share a port. Arguments: port,
// processes, then those of `readPipelineOptions`.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { loadPipeline, readPipelineOptions } from './pipeline.ts';

const [port, processes, ...rest] = process.argv.slice(2);

async function serve(): Promise<void> {
  const { classify } = await loadPipeline(readPipelineOptions(rest));
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const sentence = new URL(request.url ?? '/', 'http://localhost').searchParams.get('sentence') ?? '';
    const positive = await classify(sentence);
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({ response: { positive: String(positive), negative: String(1 - positive), sentence } }),
    );
  });
  server.listen(Number(port), '127.0.0.1');
}

if (cluster.isPrimary) {
  for (let started = 0; started < Number(processes); started++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  await serve();
}
