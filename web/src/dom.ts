// Building elements. Text from the data only ever becomes a text node or the value of an attribute that does not act
// (no href, no style, no on…), so it is shown as it is and never read as markup.

export type Child = Node | string | null | readonly Child[];
export type Attributes = Readonly<Record<string, string | number>>;

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null) continue;
    if (child instanceof Node || typeof child === 'string') parent.append(child);
    else append(parent, child);
  }
}

function with_attributes<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return with_attributes(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return with_attributes(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}
