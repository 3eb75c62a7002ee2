import type { App } from '../../app'
import { h } from '../../dom'
import { number, t } from '../../i18n'
import type { Resource } from '../../types'
import { hit, section } from '../common'

const LISTED = 50
const DAYS = 180

/** Records that nobody confirmed for long, the longest first; those never confirmed before all. */
export function dueSection(app: App): HTMLElement | null {
  if (app.records.tiled) return section('inbox.due', h('p', { class: 'note' }, t('inbox.due.tiled')))
  const before = Date.now() - DAYS * 86_400_000
  const seen = ({ properties: p }: Resource) => (p.verified_at ? Date.parse(p.verified_at) : 0)
  const due = [...app.records.all.values()].filter((one) => one.properties.lifecycle !== 'retired' && seen(one) < before).sort((a, b) => seen(a) - seen(b))
  return h('details', { id: 'due' }, h('summary', {}, h('strong', {}, t('inbox.due')), ` ${t('inbox.due.count', { n: number(due.length), days: DAYS })}`),
    h('ul', { class: 'list' }, due.slice(0, LISTED).map((one) => hit(app, one))), due.length > LISTED && h('p', { class: 'note' }, t('area.more', { n: LISTED })))
}
