import type { App } from '../app'
import { byId, fill, h } from '../dom'
import { t, type Word } from '../i18n'
import { show } from '../map/overlays'
import { areaPanel } from './area'
import { detailPanel } from './detail'
import { clearDrawn } from './intake/drawn'
import { incidentPanel } from './incident/panel'
import { inboxPanel } from './inbox/panel'
import { intakePanel } from './intake/panel'
import { layersPanel } from './layers'
import { planPanel } from './plan'
import { plannerPanel } from './planner'
import { listPanel } from './records'
import { situationPanel } from './situation'

const CONTENT = {
  layers: layersPanel,
  incident: incidentPanel,
  situation: situationPanel,
  area: areaPanel,
  planner: plannerPanel,
  plan: planPanel,
  detail: detailPanel,
  intake: intakePanel,
  inbox: inboxPanel,
  list: listPanel,
}

/** Builds the open panel; it keeps the scroll position and the focus when it is only refreshed. */
export function drawPanel(app: App): void {
  const panel = byId('panel')
  const { panel: name } = app.store.state
  show(app.map, 'chosen')
  show(app.map, 'shadow')
  if (name !== 'intake') clearDrawn(app)
  if (name === 'none') return fill(panel)
  const same = panel.dataset.name === name
  const top = panel.scrollTop
  const focus = same ? document.activeElement?.id : undefined
  panel.dataset.name = name
  fill(
    panel,
    h('div', { class: 'row head' }, h('h2', {}, t(`panel.${name}` as Word)),
      h('button', { type: 'button', class: 'close', 'aria-label': t('close'), onclick: () => app.store.set({ panel: 'none' }) }, '✕')),
    CONTENT[name](app),
  )
  if (same) panel.scrollTop = top
  if (focus) document.getElementById(focus)?.focus()
}
