type Child = Node | string | number | null | undefined | false
type Props = Record<string, unknown>

/** An element with attributes, `on…` handlers and children; `text` in children is never parsed as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) assign(element, name, value)
  element.append(...present(children))
  return element
}

/** Replaces everything inside `parent`. */
export function fill(parent: Element, ...children: (Child | Child[])[]): void {
  parent.replaceChildren(...present(children))
}

/** The element of the page's skeleton with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page has no #${id}`)
  return element as T
}

function assign(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener)
  else if (name === 'style') for (const [k, v] of Object.entries(value as object)) element.style.setProperty(k, String(v))
  else if (name === 'value') (element as HTMLInputElement).value = String(value)
  else if (name === 'checked') (element as HTMLInputElement).checked = Boolean(value)
  else element.setAttribute(name, value === true ? '' : String(value))
}

function present(children: (Child | Child[])[]): (Node | string)[] {
  return children
    .flat()
    .filter((child): child is Node | string | number => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === 'number' ? String(child) : child))
}
