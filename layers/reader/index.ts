export { type Columns, hasProbabilities } from './columns.ts';
export { parseDelimiter } from './dialect.ts';
export { FileError } from './errors.ts';
export type { Fault } from './faults.ts';
export { type Inspection, inspectFile } from './inspection.ts';
export { type LabelOption, type Mapping, normalize, parseLabels, schemeNames } from './labels.ts';
export { openFile, type Source } from './source.ts';
export { openTable, type ReaderOptions, type Row, type Table } from './table.ts';
export { checkEncoding } from './text-file.ts';
