import type { App } from '../../app'
import { h } from '../../dom'
import { t } from '../../i18n'
import { may } from '../../me'
import { show } from '../../map/overlays'
import { changedSection } from './changed'
import { correctionSection } from './corrections'
import { dueSection } from './due'
import { approvalSection, findingSection } from './findings'

/** What waits for a decision, what is due, and what changed: a line of keys goes through each list. */
export function inboxPanel(app: App): HTMLElement {
  show(app.map, 'spot')
  return h('div', { id: 'inbox', onkeydown: (event: KeyboardEvent) => step(event) },
    may('viewer') ? h('p', { class: 'note' }, t('inbox.keys')) : h('p', { class: 'note', id: 'inbox-signin' }, t('inbox.signin')),
    may('viewer') && correctionSection(app), may('field') && approvalSection(app), may('viewer') && findingSection(app),
    dueSection(app), changedSection(app))
}

/** j and k, or the arrows, go from line to line. */
function step(event: KeyboardEvent): void {
  const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key]
  const target = event.target as HTMLElement
  if (!by || target.matches('input, select, textarea')) return
  const lines = [...document.querySelectorAll<HTMLElement>('#inbox .list > li button.name')]
  const at = lines.indexOf(target.closest('li')?.querySelector('button.name') as HTMLElement)
  const next = lines[Math.min(lines.length - 1, Math.max(0, at + by))]
  if (!next) return
  event.preventDefault()
  next.focus()
}
