// Finding and creating elements. Texts become text nodes, so that no text of a caller can become markup.

type Child = Node | string;
type Attributes = Readonly<Record<string, string>>;

/**
 * Returns an element of the document.
 *
 * @throws Error if the document has no such element.
 */
export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`The document has no ${kind.name} with the id ${id}.`);
}

/** Creates an element with attributes and children. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

/** Creates an element with one text in it. */
export const createText = <Name extends keyof HTMLElementTagNameMap>(name: Name, text: string) =>
  create(name, {}, text);

/** Fills a table: a row of headings, then rows of cells. */
export function fillTable(table: HTMLElement, headings: readonly string[], rows: readonly (readonly Child[])[]): void {
  const head = create('tr', {}, ...headings.map((heading) => create('th', { scope: 'col' }, heading)));
  const body = rows.map((cells) => create('tr', {}, ...cells.map((cell) => create('td', {}, cell))));
  table.replaceChildren(create('thead', {}, head), create('tbody', {}, ...body));
}

const percentFormat = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** A share as people read it: `97.3%`. */
export const formatPercent = (share: number): string => percentFormat.format(share);

const countFormat = new Intl.NumberFormat('en');

/** A count as people read it: `12,345`. */
export const formatCount = (count: number): string => countFormat.format(count);

/** Class name for style.css of a sentiment class. The class names of a model are not the page's own, so others get none. */
export const toneOf = (label: string): string =>
  ['negative', 'neutral', 'positive'].includes(label) ? `tone-${label}` : '';
