export function renderTable(): string;
export function readTable(text: string): { readonly table: string; readonly replaced: (other: string) => string };
