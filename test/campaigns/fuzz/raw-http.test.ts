import { watchMemory } from './memory.ts';
import { readAnswers, writeRequest } from './raw-http.ts';

const asked = { method: 'POST', path: '/predict', query: 'a=b c', headers: { 'x-a': 'b' }, body: 'abcdefgh' };

describe('a request by bytes', () => {
  it('has the length of its body', () => {
    const bytes = writeRequest(asked, { version: '1.1', chunk: 0, expect: '' }, true);
    expect(bytes).toBe(
      'POST /predict?a=b%20c HTTP/1.1\r\nHost: localhost\r\nx-a: b\r\nContent-Length: 8\r\nConnection: close\r\n\r\nabcdefgh',
    );
  });

  it('has its body in chunks', () => {
    const bytes = writeRequest(asked, { version: '1.1', chunk: 5, expect: 'x' }, false);
    expect(bytes).toContain('Transfer-Encoding: chunked\r\nExpect: x\r\n\r\n5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n');
  });
});

describe('answers by bytes', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const chunked =
    'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nno\r\n0\r\n\r\n';

  it('are read one after the other', () => {
    const { answers, isCut } = readAnswers(`HTTP/1.1 100 Continue\r\n\r\n${ok}${chunked}`, ['GET', 'GET']);
    expect(answers.map(({ status, body, isLast }) => [status, body, isLast])).toEqual([
      [200, 'ok', false],
      [404, 'no', true],
    ]);
    expect(isCut).toBe(false);
  });

  it('have no body for HEAD', () => {
    const { answers } = readAnswers(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${ok}`, ['HEAD', 'GET']);
    expect(answers.map(({ body }) => body)).toEqual(['', 'ok']);
  });

  it.each([ok.slice(0, 20), ok.slice(0, -1), chunked.slice(0, -3), chunked.slice(0, -12)])('are cut: %j', (bytes) => {
    expect(readAnswers(ok + bytes, ['GET', 'GET'])).toMatchObject({ answers: [{ status: 200 }], isCut: true });
  });

  it.each([`${ok}x`, `x${ok}`, chunked.replace('2\r\nno', '2\r\nnone')])('are none: %j', (bytes) => {
    expect(() => readAnswers(bytes, ['GET'])).toThrow(/^The answer/);
  });
});

describe('the memory of a process', () => {
  const judge = (bytesPerCase: number) => {
    let used = 1e8;
    const memory = watchMemory(() => used);
    for (let cases = 0; cases < 400_000; cases += 1000) {
      memory.count(1000);
      used += 1000 * bytesPerCase;
    }
    return memory.judge({ count: 400_000, outcomes: {}, findings: [] }).findings;
  };

  it('is flat, or grows', () => {
    expect(judge(0)).toEqual([]);
    expect(judge(20)).toEqual([]);
    expect(judge(300)).toEqual([
      expect.stringMatching(/^Memory grows\. Memory after 15000 and 400000 cases: \d+ and \d+ MiB\.$/),
    ]);
  });
});
