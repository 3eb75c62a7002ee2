import type { App } from '../app'
import { h } from '../dom'
import { area, interval, nameOf, percent, t } from '../i18n'
import type { Interval, Name, SetAnswer } from '../types'
import { beside, share } from './honest'

export interface PlaceCover {
  place: string | null
  name: Name | null
  area_m2: number
  covered_m2: Interval
  ratio: Interval
  assumed_extent: boolean
}

export interface Coverage extends SetAnswer {
  ratio: Interval
  covered_m2: Interval
  area_m2: number
  error_bound_m2: number
  method: string
  counts: { resources: number; located: number; uncertain: number; untestable: number }
  assumed_extent: string[]
  without_extent: { code: string; name: Name }[]
  unmeasured_m2: number | null
  by_place?: PlaceCover[]
}

/** A coverage answer as an interval: the bar is full where it is sure and hatched where it is only possible. */
export function coverageFigures(app: App, found: Coverage, before?: Coverage): HTMLElement {
  const { lower, nominal, upper } = found.ratio
  const change = before && nominal !== null && before.ratio.nominal !== null ? nominal - before.ratio.nominal : null
  return h('div', { class: 'ratio' },
    h('div', {}, h('span', { class: 'big', id: 'ratio', 'data-ratio': nominal ?? '' }, share(found.ratio)),
      change !== null && h('strong', { id: 'ratio-change', 'data-change': change }, ` ${t('planner.change', { change: `${change >= 0 ? '+' : ''}${percent(change)}` })}`)),
    bar(found.ratio),
    h('div', { class: 'figures' },
      h('span', {}, `${t('planner.lower')} ${percent(lower)}`), h('span', {}, `${t('planner.nominal')} ${percent(nominal)}`), h('span', {}, `${t('planner.upper')} ${percent(upper)}`)),
    h('p', {}, t('planner.covered', { covered: interval(found.covered_m2.lower ?? 0, found.covered_m2.upper ?? 0, area), area: area(found.area_m2) }), ` · ${t('planner.bound', { bound: area(found.error_bound_m2) })}`),
    h('p', {}, t('planner.counts', { ...found.counts })),
    beside(app, found),
    found.without_extent.length > 0 && h('p', { class: 'warn small', id: 'without-extent' }, without(found)),
    found.assumed_extent.length > 0 && h('p', { class: 'note' }, t('planner.assumed')),
    h('p', { class: 'note' }, `${t('planner.method')}: ${found.method.startsWith('union of WGS 84') ? t('planner.method.union') : found.method}`))
}

function without({ without_extent, unmeasured_m2 }: Coverage): string {
  const most = unmeasured_m2 === null ? t('planner.unbounded') : unmeasured_m2 > 0 ? t('planner.at_most', { area: area(unmeasured_m2) }) : ''
  return `${t('planner.without_extent', { places: without_extent.map(({ name }) => nameOf(name)).join(t('comma')) })}${most}`
}

function bar({ lower, upper }: Interval): HTMLElement {
  const share = (value: number | null) => `${Math.min(100, Math.max(0, (value ?? 0) * 100))}%`
  return h('div', { class: 'scale', role: 'img', 'aria-label': `${percent(lower)} – ${percent(upper)}` },
    h('i', { class: 'sure', style: { width: share(lower) } }),
    h('i', { class: 'maybe', style: { left: share(lower), width: share((upper ?? 0) - (lower ?? 0)) } }))
}
