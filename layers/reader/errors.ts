/** A file cannot be used. The message has one sentence for each reason, for the person who gave the file. */
export class FileError extends Error {
  override readonly name = 'FileError';
}
