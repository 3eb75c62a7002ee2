import type { App } from '../app'
import { now } from '../clock'
import { h } from '../dom'
import { t } from '../i18n'
import { picture } from '../map/print'
import { added, tried, type Question } from './ask'
import { csv, download, section } from './common'
import type { Coverage } from './coverage'
import { gapFeatures } from './analyses'

/** Saves what the panel shows: gaps and trial points, the table by place, a picture of the map. */
export function exportRow(app: App, question: Question, found: Coverage): HTMLElement {
  const button = (id: string, label: string, act: () => void) => h('button', { type: 'button', id: `export-${id}`, onclick: act }, label)
  return section('planner.export', h('div', { class: 'row' },
    button('geojson', 'GeoJSON', () => void geojson(app, question, found)),
    button('csv', 'CSV', () => download(named(app, 'coverage', 'csv'), 'text/csv', table(app, question, found))),
    button('png', 'PNG', () => picture(app).toBlob((blob) => blob && download(named(app, 'map', 'png'), 'image/png', blob))),
    button('print', t('print'), () => print())))
}

async function geojson(app: App, question: Question, found: Coverage): Promise<void> {
  const { covers, trials, place } = app.store.state
  const collection = { type: 'FeatureCollection', exercise: question.query.exercise, as_of: question.query.as_of ?? app.records.at.toISOString(), place, kind: covers, ratio: found.ratio, completeness: found.completeness, area_m2: found.area_m2, method: found.method, features: [...(await gapFeatures(tried(app, question))), ...added(covers, trials)] }
  download(named(app, 'coverage', 'geojson'), 'application/geo+json', JSON.stringify(collection))
}

function table(app: App, question: Question, found: Coverage): string {
  const { exercise, as_of } = question.query
  const head = ['exercise', 'as_of', 'kind', 'place', 'name', 'area_m2', 'covered_lower_m2', 'covered_nominal_m2', 'covered_upper_m2', 'ratio_lower', 'ratio_nominal', 'ratio_upper']
  const line = (place: string | null, name: string, part: Pick<Coverage, 'area_m2' | 'covered_m2' | 'ratio'>) =>
    [exercise ?? 'live', as_of ?? app.records.at.toISOString(), app.store.state.covers, place, name, part.area_m2, part.covered_m2.lower, part.covered_m2.nominal, part.covered_m2.upper, part.ratio.lower, part.ratio.nominal, part.ratio.upper]
  const parts = (found.by_place ?? []).map((part) => line(part.place, part.place ? app.places.name(part.place) : '', part))
  return csv([head, ...parts, line(null, 'total', found)])
}

/** The name of a file that leaves the page: a drill says so in it. */
export function named(app: App, what: string, ending: string): string {
  const { exercise, as_of } = app.store.state
  const at = (as_of ?? now().toISOString()).slice(0, 16).replaceAll(':', '')
  return `${exercise ? `EXERCISE-${exercise}-` : ''}${what}-${at}.${ending}`
}
