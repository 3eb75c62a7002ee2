import type { App } from '../app'
import { fill, h } from '../dom'
import { t, type Word } from '../i18n'
import { statusBadge, symbol } from '../map/icons'
import type { Overlay } from '../map/overlays'
import { attribution } from '../map/print'
import { asksMore } from '../map/resources'
import { KIND_NAMES, type State } from '../state'
import { KIND_LIST, STATUS_GROUPS, type Kind } from '../vocab'

const SWITCHES: (Overlay | 'ground')[] = ['ground', 'grid', 'watch', 'doubt', 'candidates', 'places', 'labels', 'gaps', 'depth', 'zones']
const STAGES = ['in_service', 'planned', 'under_construction', 'suspended', 'retired']
const DAYS = [7, 30, 180, 365]

/** Kinds, filters, layer switches and the legend. */
export function layersPanel(app: App): HTMLElement {
  const { state } = app.store
  return h(
    'div',
    { class: 'layers' },
    h('fieldset', {}, h('legend', {}, t('filter.kind')), KIND_LIST.map((kind) => kindSwitch(app, kind))),
    h('fieldset', {}, h('legend', {}, t('filter.status')), Object.keys(STATUS_GROUPS).map((group) => statusSwitch(app, group))),
    app.records.tiled && asksMore(state) && h('p', { class: 'note warn', id: 'filter-clusters' }, t('filter.clusters')),
    h('label', { class: 'field' }, t('filter.fresh'), freshness(app)),
    h('fieldset', {}, h('legend', {}, t('filter.life')), STAGES.map((stage) => toggle(app, 'lifecycle', stage, t(`lifecycle.${stage}` as Word)))),
    h('button', { type: 'button', onclick: () => app.store.set({ kinds: [...KIND_NAMES], status: [], fresh_days: null, lifecycle: [] }) }, t('filter.reset')),
    h('fieldset', {}, h('legend', {}, t('layer.title')), SWITCHES.filter((name) => name !== 'ground' || app.basemap).map((overlay) => layerSwitch(app, overlay))),
    !!app.undrawn_zones && h('p', { class: 'note warn' }, t('rules.undrawn', { n: app.undrawn_zones })),
    legend(app),
  )
}

function kindSwitch(app: App, kind: Kind): HTMLElement {
  const { kinds } = app.store.state
  const on = kinds.includes(kind)
  const count = [...app.records.all.values()].filter((resource) => resource.properties.kind === kind).length
  return check(`kind-${kind}`, on, () => app.store.set({ kinds: KIND_LIST.filter((other) => (other === kind ? !on : kinds.includes(other))) }),
    picture(kind, 'surveyed', 'none'), h('span', {}, t(`kind.${kind}` as Word)), !app.records.tiled && h('small', {}, count))
}

function statusSwitch(app: App, group: string): HTMLElement {
  return toggle(app, 'status', group, t(`group.${group}` as Word), painted(statusBadge(group), 'badge'))
}

/** A filter of which nothing chosen means everything. */
function toggle(app: App, field: 'status' | 'lifecycle', value: string, label: string, mark?: HTMLElement): HTMLElement {
  const chosen = app.store.state[field]
  const on = chosen.includes(value)
  const next = on ? chosen.filter((other) => other !== value) : [...chosen, value]
  return check(`${field}-${value}`, on, () => app.store.set({ [field]: next } as Partial<State>),
    mark, h('span', {}, label))
}

function layerSwitch(app: App, overlay: Overlay | 'ground'): HTMLElement {
  const { hidden } = app.store.state
  const on = !hidden.includes(overlay)
  return check(`layer-${overlay}`, on, () => app.store.set({ hidden: on ? [...hidden, overlay] : hidden.filter((name) => name !== overlay) }),
    h('span', {}, t(`layer.${overlay}` as Word)))
}

function check(id: string, on: boolean, change: () => void, ...label: (HTMLElement | false | undefined | '')[]): HTMLElement {
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', id, checked: on, onchange: change }), ...label)
}

function freshness(app: App): HTMLElement {
  const { fresh_days } = app.store.state
  const select = h('select', { id: 'fresh', onchange: (event: Event) => app.store.set({ fresh_days: Number((event.target as HTMLSelectElement).value) || null }) },
    h('option', { value: 0 }, t('filter.fresh.any')), DAYS.map((n) => h('option', { value: n }, t('filter.fresh.days', { n }))))
  select.value = String(fresh_days ?? 0)
  return select
}

/** The symbol of a kind as it stands on the map. */
export function picture(kind: Kind, quality: string, group: string): HTMLElement {
  return painted(symbol(kind, '', quality, group, false), 'picture')
}

function painted(image: ImageData, name: string): HTMLElement {
  const canvas = h('canvas', { width: image.width, height: image.height, class: name, 'aria-hidden': 'true' })
  canvas.getContext('2d')?.putImageData(image, 0, 0)
  return canvas
}

function legend(app: App): HTMLElement {
  const item = (mark: HTMLElement, word: Word) => h('li', {}, mark, h('span', {}, t(word)))
  const patch = (name: string) => h('i', { class: `patch ${name}` })
  const list = h('ul', { class: 'legend', id: 'legend' })
  fill(
    list,
    item(picture('rescue_team', 'surveyed', 'none'), 'legend.known'),
    item(picture('rescue_team', 'approximate', 'none'), 'legend.approximate'),
    item(painted(symbol('rescue_team', '', 'surveyed', 'none', true), 'picture'), 'legend.planned'),
    item(patch('candidate'), 'legend.candidate'),
    item(patch('watch'), 'legend.watch'),
    item(patch('watch-doubt'), 'legend.watch_doubt'),
    item(patch('gap'), 'legend.gap'),
    item(patch('gap-possible'), 'legend.gap_possible'),
    item(patch('zone'), 'legend.zone'),
    item(patch('cluster'), 'legend.cluster'),
    ...Object.keys(STATUS_GROUPS).map((group) => item(painted(statusBadge(group), 'badge'), `group.${group}` as Word)),
    item(patch('town'), 'legend.town'),
  )
  return h('section', {}, h('h3', {}, t('legend')), list, h('p', { class: 'note' }, t(app.basemap ? 'legend.straight' : 'legend.distances')), h('p', { class: 'note' }, t('layer.boundaries_note')), h('p', { class: 'note', id: 'legend-sources' }, attribution(app)))
}
