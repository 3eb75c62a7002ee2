import { credential, Problem } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { t } from '../../i18n'
import { intakes } from './model'

/** Which key was asked about, and whether it may bring files. */
let known: { key: string; mayBring: Promise<boolean> } | null = null

/** The way to the import page; only planners and administrators see it. */
export function intakeMenu(app: App): HTMLElement {
  const line = h('div', { class: 'row', id: 'planner-menu' })
  void mayBring(app).then((may) => may && fill(line, h('button', { type: 'button', id: 'intake-open', onclick: () => app.store.set({ panel: 'intake', intake: null }) }, t('intake.open'))))
  return line
}

/** Whether the key that is signed in may bring files. */
export function mayBring(app: App): Promise<boolean> {
  const key = credential.get()
  if (!key) return Promise.resolve(false)
  if (known?.key !== key) known = { key, mayBring: ask(app) }
  return known.mayBring
}

async function ask(app: App): Promise<boolean> {
  try {
    await intakes.send(app, 'GET', '?limit=1')
    return true
  } catch (problem) {
    if (!(problem instanceof Problem && [401, 403].includes(problem.status))) known = null
    return false
  }
}
