import { credential } from '../../api'
import type { App } from '../../app'
import { h } from '../../dom'
import { t } from '../../i18n'
import { into } from '../common'
import { bringPage } from './bring'
import { FileView } from './file'
import { mayBring } from './menu'

/** The page as it was built: refreshing the panel must not throw away what somebody types in it. */
let kept: { key: string; element: HTMLElement; view: FileView | null } | null = null

/** Bring in an office's list: upload it, correct how it is read, look through its rows, store them, undo. */
export function intakePanel(app: App): HTMLElement {
  const { intake, lang, exercise } = app.store.state
  const key = JSON.stringify([intake, lang, exercise, credential.get()])
  if (kept?.key === key && (intake || kept.element.isConnected)) {
    kept.view?.redraw()
    return kept.element
  }
  const slot = h('div', { id: 'intake-file' })
  const view = intake ? new FileView(app, intake) : null
  kept = { key, element: h('div', { id: 'intake' }, top(app), slot), view }
  void into(slot, async (signal) => {
    if (!(await mayBring(app))) return [h('p', { class: 'note', role: 'status' }, t('intake.planners'))]
    if (!view) return [await bringPage(app, signal)]
    await view.load(signal)
    return [view.element]
  })
  return kept.element
}

function top(app: App): HTMLElement {
  const { intake, exercise } = app.store.state
  return h('div', { class: 'row' },
    h('button', { type: 'button', id: 'intake-back', onclick: () => app.store.set(intake ? { intake: null } : { panel: 'planner' }) }, `← ${intake ? t('intake.list') : t('panel.planner')}`),
    exercise && h('strong', { class: 'tag drill', id: 'intake-drill' }, t('intake.drill', { name: exercise })))
}
