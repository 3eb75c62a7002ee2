/** What every answer about a set of records says beside its members: how complete, who is undecided, who is excluded. */

import type { App } from '../app'
import { h } from '../dom'
import { coded, interval, length, nameOf, number, percent, t } from '../i18n'
import type { Interval, Name, SetAnswer } from '../types'

/** A share as a range; from nothing to everything is not known, never 0 %. */
export function share({ lower, upper }: Interval): string {
  if (lower === null || upper === null || (lower <= 0 && upper >= 1)) return t('known.nothing')
  return interval(lower, upper, percent)
}

/** How many are listed beside how many were published, and whether anybody declared the list complete. */
export function listing({ completeness }: SetAnswer): HTMLElement {
  const { state, listed, located, placeholders, missing, published, declared } = completeness
  const parts = [
    t(`completeness.${state}`),
    t('completeness.listed', { listed: number(listed), located: number(located) }),
    placeholders > 0 && t('completeness.placeholders', { n: number(placeholders) }),
    ...published.map((one) => t('completeness.published', { total: number(one.total), by: [one.as_of, one.locator].filter(Boolean).join(', ') })),
    state !== 'complete' && (missing === null ? t('completeness.missing_unknown') : missing > 0 && t('completeness.missing', { n: number(missing) })),
    ...declared.map((one) => t('completeness.declared', { by: one.by ?? '—', on: one.on })),
  ]
  return h('p', { class: `small ${state === 'complete' ? 'quiet' : 'warn'} listing`, 'data-listed': listed, 'data-state': state }, parts.filter(Boolean).join(' · '))
}

/** The records of which nobody can tell whether they belong, by name, with why and how near they may be. */
export function undecided(app: App, { undecided: { count, more, resources } }: SetAnswer): HTMLElement | null {
  if (!count) return null
  const one = ({ id, name, reason, distance_min_m, distance_max_m, unknown, watch_radius_m }: SetAnswer['undecided']['resources'][number]) =>
    h('li', {}, h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ selected: id, panel: 'detail' }) }, nameOf(name)),
      ` · ${[coded('doubt', reason), ...(unknown ?? []).map((field) => coded('why', field))].join('：')} · ${reach(distance_min_m, distance_max_m)}`, watch_radius_m !== undefined && ` · ${t('doubt.radius', { m: length(watch_radius_m) })}`)
  return h('details', { class: 'undecided', 'data-count': count }, h('summary', { class: 'warn' }, t('doubt', { n: `${number(count)}${more ? '+' : ''}` })),
    h('ul', {}, resources.map(one)), more && h('p', { class: 'note' }, t('area.more', { n: resources.length })))
}

const reach = (least: number | null, most: number | null): string =>
  most === null ? t('situation.at_least', { min: length(least ?? 0) }) : interval(least ?? 0, most, length)

/** How many each condition keeps out: those that do not state the value, and those that state another. */
export function excluded({ excluded }: SetAnswer): HTMLElement | null {
  const said = Object.entries(excluded).map(([name, { not_stated, otherwise, nearest }]) => {
    const counts = [
      otherwise > 0 && t('excluded.otherwise', { n: number(otherwise) }) + (nearest?.distance_m != null ? t('excluded.nearest', { m: length(nearest.distance_m) }) : ''),
      not_stated > 0 && t('excluded.not_stated', { n: number(not_stated) }),
    ].filter(Boolean)
    return counts.length ? `${coded('why', name)}: ${counts.join(', ')}` : null
  }).filter(Boolean)
  return said.length ? h('p', { class: 'small quiet excluded' }, `${t('excluded')} ${said.join(' · ')}`) : null
}

/** All that an answer says beside its members. */
export const beside = (app: App, answer: SetAnswer): (HTMLElement | null)[] => [listing(answer), undecided(app, answer), excluded(answer)]

/** The members; or the sentence that says why there are none. */
export const members = (items: HTMLElement[], none: Name | undefined): HTMLElement =>
  items.length ? h('ul', { class: 'list' }, items) : h('p', { class: 'none' }, none ? nameOf(none) : t('none.listed'))
