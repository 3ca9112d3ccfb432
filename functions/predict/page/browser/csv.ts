// CSV by RFC 4180, as much of it as a page needs: fields in double quotes may hold delimiters, line ends and doubled quotes.

/** The rows of a file. All have as many fields as the header. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The file cannot be read as CSV; the message is one sentence for the reader. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
}

const delimiters = [',', ';', '\t'];

/** Names of a column with texts, in any case, as in training and scoring. */
export const textColumns = ['review', 'text', 'sentence', 'tweet', 'content'];

/**
 * Reads a file. The delimiter is the one of comma, semicolon and tab that the first line has most of.
 *
 * @throws CsvError if the bytes are no text, or a row has another number of fields than the header.
 */
export function readCsv(bytes: Uint8Array): Table {
  const text = decode(bytes);
  const [firstLine = ''] = text.split(/\r?\n|\r/, 1);
  const counts = delimiters.map((delimiter) => firstLine.split(delimiter).length);
  const delimiter = delimiters[counts.indexOf(Math.max(...counts))] ?? ',';
  const [header, ...rows] = splitRows(text, delimiter);
  if (!header) throw new CsvError('The file is empty.');
  const faulty = rows.findIndex((row) => row.length !== header.length);
  if (faulty >= 0)
    throw new CsvError(
      `Row ${faulty + 2} of the file has ${rows[faulty]?.length} fields, but the header has ${header.length}.`,
    );
  return { header: header.map((name) => name.trim()), rows };
}

/** UTF-8, or UTF-16 with its byte order mark. */
function decode(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {}
  throw new CsvError('The file is no text in UTF-8: save it as "CSV UTF-8".');
}

/** Splits a text into rows of fields. Lines without any character are passed over. */
function splitRows(text: string, delimiter: string): string[][] {
  // A field with its quotes or without, then what ends it.
  const pattern = new RegExp(`("(?:[^"]|"")*"|(?!")[^${delimiter}\\r\\n]*)(${delimiter}|\\r\\n|\\r|\\n|$)`, 'y');
  const rows: string[][] = [];
  let row: string[] = [];
  while (pattern.lastIndex < text.length || row.length > 0) {
    const found = pattern.exec(text);
    if (!found) throw new CsvError(`Row ${rows.length + 1} of the file has a quote in the wrong place.`);
    const [, field = '', end] = found;
    row.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === delimiter) continue;
    if (row.length > 1 || field !== '') rows.push(row);
    row = [];
  }
  return rows;
}

/** The number of the one column whose name says that it holds texts, or undefined. */
export function findTextColumn(header: readonly string[]): number | undefined {
  const found = header.flatMap((name, index) => (textColumns.includes(name.toLowerCase()) ? [index] : []));
  return found.length === 1 ? found[0] : undefined;
}

/** Says which columns a file has, where none or several of them may hold the texts. */
export const describeColumns = (header: readonly string[]): string =>
  `The file has no single text column: it has ${header.join(', ')}. Choose one, or name it ${textColumns.join(', ')}.`;

/** Writes rows of fields, with a quote around each field that needs it. */
export const writeCsv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(quote).join(',')}\r\n`).join('');

const quote = (field: string) => (/[",\r\n]/.test(field) || field === '' ? `"${field.replaceAll('"', '""')}"` : field);
