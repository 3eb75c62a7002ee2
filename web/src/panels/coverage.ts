import { h } from '../dom'
import { area, nameOf, percent, t, type Word } from '../i18n'
import type { Interval, Name } from '../types'

export interface PlaceCover {
  place: string | null
  name: Name | null
  area_m2: number
  covered_m2: Interval
  ratio: Interval
  assumed_extent: boolean
}

export interface Coverage {
  ratio: Interval
  covered_m2: Interval
  area_m2: number
  error_bound_m2: number
  method: string
  counts: { resources: number; located: number; uncertain: number; untestable: number }
  completeness: Completeness
  undecided: { count: number; more: boolean; resources: { id: string; name: Name; reason: string }[] }
  excluded: Record<string, { not_stated: number; otherwise: number }>
  assumed_extent: string[]
  without_extent: { code: string; name: Name }[]
  unmeasured_m2: number | null
  by_place?: PlaceCover[]
}

interface Completeness {
  state: 'open' | 'complete' | 'mixed'
  listed: number
  published: { total: number; locator: string }[]
}

/** From nothing to everything: such an interval says nothing. */
export const isKnown = ({ lower, upper }: Interval): boolean => (lower ?? 0) > 0 || (upper ?? 1) < 1

/** A share as a reader would say it: one figure, an interval, or that it is not known. */
export function share(ratio: Interval): string {
  if (!isKnown(ratio)) return t('not_known')
  const [low, high] = [percent(ratio.lower), percent(ratio.upper)]
  return low === high ? low : `${low} – ${high}`
}

/** A coverage answer as an interval: the bar is full where it is sure and hatched where it is only possible. */
export function coverageFigures(found: Coverage, before?: Coverage): HTMLElement {
  const { lower, nominal, upper } = found.ratio
  const change = before && nominal !== null && before.ratio.nominal !== null ? nominal - before.ratio.nominal : null
  return h('div', { class: 'ratio' },
    h('div', {}, h('span', { class: 'big', id: 'ratio', 'data-ratio': nominal ?? '' }, share(found.ratio)),
      change !== null && h('strong', { id: 'ratio-change', 'data-change': change }, ` ${t('planner.change', { change: `${change >= 0 ? '+' : ''}${percent(change)}` })}`)),
    bar(found.ratio),
    h('div', { class: 'figures' },
      h('span', {}, `${t('planner.lower')} ${percent(lower)}`), h('span', {}, `${t('planner.nominal')} ${percent(nominal)}`), h('span', {}, `${t('planner.upper')} ${percent(upper)}`)),
    h('p', {}, t('planner.covered', { covered: area(found.covered_m2.nominal), area: area(found.area_m2) }), ` · ${t('planner.bound', { bound: area(found.error_bound_m2) })}`),
    h('p', {}, t('planner.counts', { ...found.counts })),
    h('p', { class: found.completeness.state === 'complete' ? 'note' : 'warn', id: 'completeness' }, listing(found.completeness)),
    found.without_extent.length > 0 && h('p', { class: 'warn', id: 'without-extent' }, without(found)),
    found.undecided.count > 0 && h('details', {}, h('summary', { class: 'warn', id: 'undecided' }, t('planner.undecided', { n: found.undecided.count })),
      h('ul', {}, found.undecided.resources.map(({ name, reason }) => h('li', {}, `${nameOf(name)} · ${t(`undecided.${reason}` as Word)}`)))),
    found.assumed_extent.length > 0 && h('p', { class: 'note' }, t('planner.assumed')),
    h('p', { class: 'note' }, `${t('planner.method')}: ${found.method.startsWith('union of WGS 84') ? t('planner.method.union') : found.method}`))
}

function listing({ state, listed, published }: Completeness): string {
  const totals = published.map(({ total, locator }) => ` · ${t('listing.published', { total, locator })}`).join('')
  return `${t(`listing.${state}` as Word)} · ${t('listing.listed', { n: listed })}${totals}`
}

function without({ without_extent, unmeasured_m2 }: Coverage): string {
  const names = without_extent.map(({ name }) => nameOf(name)).join(t('comma'))
  const most = unmeasured_m2 === null ? t('planner.unbounded') : unmeasured_m2 > 0 ? t('planner.at_most', { area: area(unmeasured_m2) }) : ''
  return `${t('planner.without_extent', { names })}${most}`
}

function bar({ lower, upper }: Interval): HTMLElement {
  const share = (value: number | null) => `${Math.min(100, Math.max(0, (value ?? 0) * 100))}%`
  return h('div', { class: 'scale', role: 'img', 'aria-label': `${percent(lower)} – ${percent(upper)}` },
    h('i', { class: 'sure', style: { width: share(lower) } }),
    h('i', { class: 'maybe', style: { left: share(lower), width: share((upper ?? 0) - (lower ?? 0)) } }))
}
