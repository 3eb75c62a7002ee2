import qrcode from 'qrcode-generator'
import type { App } from '../app'
import { byId, fill, h } from '../dom'
import type { LonLat } from '../geo'
import { coded, instant, length, nameOf, number, t } from '../i18n'
import { now } from '../clock'
import { jurisdiction } from '../jurisdiction'
import { holder, may } from '../me'
import { encode } from '../state'
import type { Resource } from '../types'
import { located, type Situation } from './around'
import { cordonsOf, distance, statusOf } from './common'
import { said } from './incident/calls'
import { told } from './incident/log'
import type { CallList, Incident, Log, Proposal } from './incident/model'

/** What the answer that is open says of a spot: what a printed sheet is made of. */
export interface Answered {
  incident: Incident | null
  spot: LonLat | null
  uncertainty_m: number
  hazard: string
  found: Situation | null
  calls: CallList | null
  log: Log | null
  teams: Proposal | null
}

const CALLS = 12
const ROWS = 6
let kept: Answered | null = null

export const keepForSheet = (answered: Answered): void => void (kept = answered)

/** A link to this view as anybody may open it: it carries no key. */
export const linkTo = (app: App): string => `${location.origin}${location.pathname}${encode(app.store.state)}`

/** Degrees, minutes and seconds, as they are read out on the radio. */
export function sexagesimal([lon, lat]: LonLat): string {
  const write = (value: number, positive: string, negative: string) => {
    const tenths = Math.round(Math.abs(value) * 36_000)
    const [d, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10]
    return `${d}°${String(m).padStart(2, '0')}′${s.toFixed(1).padStart(4, '0')}″${value < 0 ? negative : positive}`
  }
  return `${write(lat, 'N', 'S')} ${write(lon, 'E', 'W')}`
}

/** Fills the sheet that is printed: whose it is, what it shows, when, by whom; for a spot, on one page. */
export function drawSheet(app: App): void {
  const { exercise, as_of, panel } = app.store.state
  const whole = ['situation', 'incident'].includes(panel) && kept !== null
  document.body.dataset.sheet = whole ? 'spot' : 'panel'
  const title = whole ? heading(app, kept!) : `${t('title')} · ${t(`panel.${panel === 'none' ? 'layers' : panel}`)}`
  fill(byId('sheet-head'),
    exercise && h('div', { class: 'drill-mark' }, t('exercise.frame', { name: exercise })),
    h('div', { class: 'sheet-title' }, h('div', {}, h('h1', {}, title), h('p', {},
      [nameOf(jurisdiction()?.name ?? null), t('sheet.printed', { at: instant(now()), by: may('viewer') ? holder() : t('sheet.public') }), as_of ? t('past.frame', { at: instant(as_of) }) : t('data.age', { at: instant(app.records.at) })].filter((part) => part !== '—').join(' · '))),
      qr(linkTo(app))))
  fill(byId('sheet-body'), ...(whole ? body(app, kept!) : []))
}

function heading(app: App, { incident, hazard }: Answered): string {
  if (!incident) return `${t('sheet.situation')} · ${coded('hazard', hazard)}`
  const state = coded('incident.state', incident.state)
  return `${coded('hazard', incident.hazard)} · ${state}${incident.level ? ` · ${t('incident.level.of', { level: incident.level })}` : ''}${incident.place ? ` · ${app.places.name(incident.place)}` : ''}`
}

function body(app: App, { spot, uncertainty_m, found, calls, log, teams, incident }: Answered): (HTMLElement | null)[] {
  const block = (title: string, ...content: (HTMLElement | string | null | false)[]) => h('section', {}, h('h3', {}, title), ...content)
  const rows = (items: (HTMLElement | string)[], none: string) => (items.length ? h('ul', {}, items.map((item) => h('li', {}, item))) : h('p', {}, none))
  const resources = (list: Resource[], none: string) => rows(list.slice(0, ROWS).map((one) => resource(one)), none)
  const lines = (calls?.sections ?? []).flatMap(({ lines }) => lines).filter(({ telephone }) => telephone).slice(0, CALLS)
  const missing = (calls?.missing ?? []).map(nameOf)
  const active = (log?.commitments ?? []).filter(({ state }) => state !== 'released')
  const rules = found ? found.rules.reach_here.map(({ name, outcome }) => `${coded('verdict', outcome)} · ${nameOf(name)}`) : []
  const unknown = found?.rules.cannot_evaluate.length ? t('situation.rules.unknown', { n: found.rules.cannot_evaluate.length }) : null
  return [
    spot && h('p', { class: 'where' }, h('b', {}, `${spot[0].toFixed(5)}, ${spot[1].toFixed(5)}`), ` · ${sexagesimal(spot)} · WGS 84${uncertainty_m ? ` · ${t('detail.uncertainty', { m: length(uncertainty_m) })}` : ''}`, found && h('br'), found && located(found)),
    incident && h('p', {}, t('incident.reported', { at: instant(incident.reported_at), age: coded('via', incident.reported_via) }), incident.note && ` · ${incident.note}`),
    block(t('call.title'), rows(lines.map((line) => h('span', {}, h('b', {}, line.telephone), ` ${nameOf(line.name)} `, h('small', {}, said(app, line)))), t('call.none')), missing.length > 0 && h('p', { class: 'small' }, missing.slice(0, 4).join('；'))),
    active.length > 0 ? block(t('incident.committed'), rows(active.map((one) => `${nameOf(one.name)} · ${coded('dispatch', one.state)} · ${instant(one.since)}`), '')) : null,
    block(t('situation.teams'), resources(teams?.features ?? found?.teams.features ?? [], nameOf(found?.teams.none))),
    block(t('situation.covering'), resources(found?.covering.features ?? [], nameOf(found?.covering.none))),
    block(t('situation.shelters'), resources(found?.shelters.features ?? [], nameOf(found?.shelters.none))),
    block(t('situation.rules'), rows(rules.slice(0, ROWS), t('situation.rules.none')), unknown && h('p', { class: 'small' }, unknown)),
    log && log.log.length > 0 ? block(t('incident.log'), rows([...log.log].reverse().slice(0, ROWS).map((line) => `${instant(line.at)} ${told(line)}`), '')) : null,
  ]
}

function resource(one: Resource): HTMLElement {
  const p = one.properties
  const phones = ((p.telephones ?? []) as { phone: string }[]).map(({ phone }) => phone).join(' ')
  const status = statusOf(p)
  const free = p.free_persons as { at_most: number } | undefined
  return h('span', {}, h('b', {}, phones), ` ${nameOf(p.name)} `, h('small', {}, [distance(p), coded('compass', p.compass), status && coded('status', status), free && t('room.at_most', { n: number(free.at_most) }), ...cordonsOf(p)].filter((part) => part && part !== '—').join(' · ')))
}

/** A link as a code that a telephone reads. */
export function qr(text: string): SVGElement {
  const code = qrcode(0, 'M')
  code.addData(text)
  code.make()
  const n = code.getModuleCount()
  const dark = Array.from({ length: n * n }, (_, i) => i).filter((i) => code.isDark(Math.floor(i / n), i % n))
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('viewBox', `-2 -2 ${n + 4} ${n + 4}`)
  svg.setAttribute('class', 'qr')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', t('sheet.qr'))
  path.setAttribute('d', dark.map((i) => `M${i % n} ${Math.floor(i / n)}h1v1h-1z`).join(''))
  svg.append(path)
  return svg
}
