import { readMessage } from '../../../functions/stream/message.ts';

describe('a message', () => {
  it.each([
    ['a text', 'a good day', { id: 'm1', text: 'a good day' }],
    ['a text with quotes, which are part of it', '"good" day', { id: 'm1', text: '"good" day' }],
    ['a text in brackets', '[1] good', { id: 'm1', text: '[1] good' }],
    ['an empty text, which scoring refuses', '', { id: 'm1', text: '' }],
    ['JSON without an id', '{"text":"a"}', { id: 'm1', text: 'a' }],
    ['JSON with an id', ' \n{"text":"a","id":"17"}', { id: '17', text: 'a' }],
    ['JSON with a number as its id', '{"text":"a","id":17}', { id: 17, text: 'a' }],
    ['JSON with further fields', '{"text":"a","user":{"name":"ann"}}', { id: 'm1', text: 'a', user: { name: 'ann' } }],
    ['a text in other letters, with emoji', 'いい日 🙂', { id: 'm1', text: 'いい日 🙂' }],
  ])('is %s', (_what, body, record) => {
    expect(readMessage(body, 'm1')).toEqual({ record });
  });

  it('cannot change what all objects have', () => {
    const { record } = readMessage('{"text":"a","__proto__":{"polluted":true}}', 'm1');
    expect(record?.polluted).toBeUndefined();
    expect(Object.getPrototypeOf({})).not.toHaveProperty('polluted');
  });
});

describe('a message that can never be scored', () => {
  it.each([
    ['no JSON where JSON is meant', '{"text": "a"', 'm1', 'MESSAGE_MALFORMED'],
    ['a text in braces', '{so} good', 'm1', 'MESSAGE_MALFORMED'],
    ['JSON without a text', '{"id":"17"}', '17', 'TEXT_MISSING'],
    ['a text that is a number', '{"text":5}', 'm1', 'TEXT_MISSING'],
    ['an id that is a list', '{"text":"a","id":[1]}', 'm1', 'ID_INVALID'],
    ['an empty id', '{"text":"a","id":""}', 'm1', 'ID_INVALID'],
    ['a picture', Buffer.from('89504e470d0a1a0aff', 'hex').toString(), 'm1', 'MESSAGE_BINARY'],
    ['NUL in a text', 'good\0day', 'm1', 'MESSAGE_BINARY'],
    ['NUL in the text of JSON', '{"text":"good\\u0000day"}', 'm1', 'MESSAGE_BINARY'],
    ['half of a surrogate pair', '{"text":"good \\ud83d"}', 'm1', 'MESSAGE_BINARY'],
  ])('has an id, a code and a sentence: %s', (_what, body, id, code) => {
    const { record, failed } = readMessage(body, 'm1');
    expect(record).toBeUndefined();
    expect(failed).toEqual({ id, error: { code, message: expect.stringMatching(/^The .+\.$/) } });
  });

  it('is not a text with one character that was lost', () => {
    expect(readMessage('a rather good day \ufffd', 'm1').record).toBeDefined();
  });
});
