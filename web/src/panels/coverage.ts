import type { App } from '../app'
import { h } from '../dom'
import { area, nameOf, percent, t } from '../i18n'
import type { Interval, Name } from '../types'

export interface Coverage {
  ratio: Interval
  covered_m2: Interval
  area_m2: number
  error_bound_m2?: number | null
  method?: string
  untestable?: { count: number; resources?: { name: Name }[]; names?: (string | Name)[] }
  counts?: Record<string, number>
  assumed_extent?: unknown
  [field: string]: unknown
}

/** A coverage answer as an interval: the bar is full where it is sure and hatched where it is only possible. */
export function coverageFigures(app: App, found: Coverage, compared?: Coverage): HTMLElement {
  void app
  const { lower, nominal, upper } = found.ratio
  const change = compared && nominal !== null && compared.ratio.nominal !== null ? nominal - compared.ratio.nominal : null
  const untestable = found.untestable
  return h('div', { class: 'ratio' },
    h('div', {}, h('span', { class: 'big', id: 'ratio', 'data-ratio': nominal ?? '' }, percent(nominal)),
      change !== null && h('strong', { id: 'ratio-change' }, ` ${t('planner.change', { change: `${change >= 0 ? '+' : ''}${percent(change)}` })}`)),
    bar(found.ratio),
    h('div', { class: 'figures' },
      h('span', {}, `${t('planner.lower')} ${percent(lower)}`), h('span', {}, `${t('planner.nominal')} ${percent(nominal)}`), h('span', {}, `${t('planner.upper')} ${percent(upper)}`)),
    h('p', {}, t('planner.covered', { covered: area(found.covered_m2.nominal), area: area(found.area_m2) }),
      found.error_bound_m2 ? ` · ${t('planner.bound', { bound: area(found.error_bound_m2) })}` : ''),
    untestable && untestable.count > 0 && h('details', {}, h('summary', { class: 'warn', id: 'untestable' }, t('planner.untestable', { n: untestable.count })),
      h('ul', {}, (untestable.resources ?? untestable.names ?? []).map((one) => h('li', {}, named(one))))),
    !!found.assumed_extent && (!Array.isArray(found.assumed_extent) || found.assumed_extent.length > 0) && h('p', { class: 'note' }, t('planner.assumed')),
    found.method && h('p', { class: 'note' }, `${t('planner.method')}: ${found.method}`))
}

const named = (one: string | Name | { name: Name }): string =>
  typeof one === 'object' && 'name' in one ? nameOf(one.name as Name) : nameOf(one as Name)

function bar({ lower, upper }: Interval): HTMLElement {
  const at = (value: number | null) => `${Math.min(100, Math.max(0, (value ?? 0) * 100))}%`
  const width = `${Math.max(0, ((upper ?? 0) - (lower ?? 0)) * 100)}%`
  return h('div', { class: 'scale', role: 'img', 'aria-label': `${percent(lower)} – ${percent(upper)}` },
    h('i', { class: 'sure', style: { width: at(lower) } }),
    h('i', { class: 'maybe', style: { left: at(lower), width } }))
}
