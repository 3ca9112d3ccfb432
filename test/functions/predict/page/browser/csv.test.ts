import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { CsvError, findTextColumn, readCsv, writeCsv } from '../../../../../functions/predict/page/browser/csv.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readCsv(bytesOf(text));

describe('readCsv', () => {
  it('reads quotes, doubled quotes, and delimiters and line ends in quotes', () => {
    expect(read('id,text\r\n1,"a ""good"", long\nbook"\r\n2,bad\r\n')).toEqual({
      header: ['id', 'text'],
      rows: [
        ['1', 'a "good", long\nbook'],
        ['2', 'bad'],
      ],
    });
  });

  it.each([
    ['semicolons', 'id;text\n1;a, b\n'],
    ['tabs', 'id\ttext\n1\ta, b\n'],
    ['CR alone', 'id;text\r1;a, b\r'],
    ['no line end at the end', 'id;text\n1;a, b'],
    ['a byte order mark and blank lines', '\ufeffid;text\n\n1;a, b\n\n'],
  ])('reads a file with %s', (_what, text) => {
    expect(read(text)).toEqual({ header: ['id', 'text'], rows: [['1', 'a, b']] });
  });

  it('reads an empty last field, and a single column', () => {
    expect(read('text,id\ngood,\n').rows).toEqual([['good', '']]);
    expect(read('text\ngood\n').rows).toEqual([['good']]);
  });

  it('reads UTF-16 with its byte order mark', () => {
    const bytes = Buffer.from('\ufefftext\nschön\n', 'utf16le');
    expect(readCsv(bytes).rows).toEqual([['schön']]);
  });

  it('reads what csv-stringify and it itself write', () => {
    const row = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const expected = rows.filter((fields) => fields.some((field) => field !== ''));
        for (const text of [stringify([['a', 'b'], ...expected]), writeCsv([['a', 'b'], ...expected])])
          expect(read(text)).toEqual({ header: ['a', 'b'], rows: expected });
      }),
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', bytesOf(''), /^The file is empty\.$/],
    ['Latin-1', Uint8Array.of(0x74, 0xe9, 0x0a), /no text in UTF-8/],
    ['a Zip or Excel file', bytesOf('PK\u0003\u0004\0\0'), /no text in UTF-8/],
    ['a row with too few fields', bytesOf('a,b\n1,2\n3\n'), /^Row 3 of the file has 1 fields, but the header has 2\.$/],
    ['text after a quote', bytesOf('a,b\n"1"x,2\n'), /^Row 2 of the file has a quote in the wrong place\.$/],
    ['a quote that stays open', bytesOf('a,b\n"1,2\n'), /^Row 2 of the file has a quote/],
  ])('refuses %s in one sentence', (_what, bytes, sentence) => {
    expect(() => readCsv(bytes)).toThrow(CsvError);
    expect(() => readCsv(bytes)).toThrow(sentence);
  });
});

it.each<[readonly string[], number | undefined]>([
  [['id', 'Review'], 1],
  [['TWEET'], 0],
  [['id', 'note'], undefined],
  [['text', 'review'], undefined],
])('the text column of %j is %s', (header, column) => {
  expect(findTextColumn(header)).toBe(column);
});
