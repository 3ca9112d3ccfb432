import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { FirehoseClient } from '@aws-sdk/client-firehose';

/** The lines of one PutRecordBatch. */
type Call = readonly string[];

/** A Firehose with the faults that no emulator has: it refuses some records, or everything. */
export async function startFaultyFirehose(refuses: (line: string, before: number) => boolean) {
  const calls: Call[] = [];
  const taken: string[] = [];
  const server = createServer(async (request, response) => {
    const { Records } = (await json(request)) as { readonly Records: readonly { readonly Data: string }[] };
    const lines = Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
    const refused = lines.map((line) => refuses(line, calls.flat().filter((other) => other === line).length));
    calls.push(lines);
    taken.push(...lines.filter((_, index) => !refused[index]));
    const RequestResponses = refused.map((isRefused) =>
      isRefused ? { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' } : { RecordId: 'record' },
    );
    const FailedPutCount = refused.filter(Boolean).length;
    response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify({ FailedPutCount, RequestResponses }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new FirehoseClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials });
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { client, calls, taken: () => taken.map((line) => JSON.parse(line)), stop };
}
