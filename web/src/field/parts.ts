import { h } from '../dom'
import { age, coded, length } from '../i18n'
import type { Fix } from './position'
import type { Model } from './model'
import type { Operation } from './queue'
import { w, type FieldWord } from './words'

/** What the screens share: the model, and ways to another screen. */
export interface Page {
  model: Model
  go(hash: string): void
  /** Draws the screen again, and throws away what is typed in it. */
  draw(): void
  say(text: string): void
}

type Content = Parameters<typeof h>[2]

export const button = (id: string, label: Content, act: () => void, more: Record<string, unknown> = {}): HTMLButtonElement => h('button', { type: 'button', id, onclick: act, ...more }, label)

/** A button that acts when it is pressed a second time. */
export function sureButton(id: string, label: string, question: string, act: () => void): HTMLButtonElement {
  const made: HTMLButtonElement = button(id, label, () => {
    if (made.dataset.asked) return act()
    made.dataset.asked = 'true'
    made.textContent = question
  })
  return made
}

export const labelled = (label: string, input: HTMLElement): HTMLElement => h('label', {}, h('span', {}, label), input)

/** Saves something, and says that it is saved, or why not; goes to `then` afterwards. */
export async function save(page: Page, out: HTMLElement, act: () => Promise<void>, then?: string): Promise<void> {
  try {
    await act()
  } catch (error) {
    out.textContent = w('not_saved', { why: (error as Error).message })
    return
  }
  page.say(w('saved'))
  if (then === undefined || `#${then}` === location.hash) page.draw()
  else page.go(then)
}

export function fixLine({ fix, blind }: Model): string {
  if (!fix) return w(blind ? 'fix.none' : 'fix.waiting')
  const old = Date.now() - fix.at_ms > 90_000 ? w('fix.old', { age: age(new Date(fix.at_ms)) }) : ''
  return w('fix.known', { m: metres(fix.error_m) }) + old
}

/** A length without decimals that nobody measured. */
export const metres = (m: number): string => length(m < 1000 ? Math.ceil(m) : m)

/** What an operation says, in one line. */
export function described({ kind, body, reason }: Operation): string {
  const { properties, note, how, accuracy_m, hazard, observed_at: _seen, reported_at: _at, ...rest } = body as Record<string, unknown>
  const said = kind === 'patch' ? Object.values(properties as object) : kind === 'status' ? Object.values(rest) : kind === 'stock' ? (body.counts as { item_code: string; quantity: number; unit?: string }[]).map(({ item_code, quantity, unit }) => `${item_code} ${quantity}${unit ?? ''}`) : []
  if (kind === 'attachment') return [w('op.attachment'), body.caption].filter(Boolean).join(': ')
  const parts = [how, hazard && coded('hazard', hazard), ...said.map(shown), accuracy_m && `±${metres(accuracy_m as number)}`, note, reason]
  return `${w(`op.${kind}` as FieldWord)}: ${parts.filter(Boolean).join(' · ')}`
}

/** A value of a record in words. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '—'
  if (typeof value === 'object') return Object.values(value).filter((one) => one !== null).map(shown).join(' / ')
  return coded('lifecycle', coded('status', value))
}

export const isGood = (fix: Fix | null, most_m: number): fix is Fix => fix !== null && fix.error_m <= most_m
