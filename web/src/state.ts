import { home } from './jurisdiction'
import type { LonLat } from './geo'

export type Panel = 'layers' | 'incident' | 'situation' | 'area' | 'planner' | 'plan' | 'detail' | 'inbox' | 'list' | 'intake' | 'none'
export type Theme = 'light' | 'dark'
export type Lang = 'zh' | 'en'

/** Everything a link to a view carries. */
export interface State {
  lon: number
  lat: number
  zoom: number
  panel: Panel
  kinds: string[]
  hidden: string[]
  status: string[]
  fresh_days: number | null
  lifecycle: string[]
  exercise: string | null
  as_of: string | null
  lang: Lang
  theme: Theme
  spot: LonLat | null
  /** How uncertain the spot is, metres. */
  spot_m: number
  hazard: string
  incident: string | null
  area: LonLat[] | null
  selected: string | null
  place: string | null
  covers: string
  radius_m: number | null
  reason: string
  trials: Trial[]
  /** Whether the map hangs on a wall: no panels, a clock, incidents in turn. */
  wall: boolean
  /** The file that is being brought in. */
  intake: string | null
}

/** A point that is only tried: where it would stand and how far it would reach. */
export interface Trial {
  at: LonLat
  radius_m: number
}

export const KIND_NAMES = ['rescue_team', 'shelter', 'fire_watch_point', 'supply_depot']

const NARROW_PX = 720

/** Shows the box of the jurisdiction whole: what a new visitor should see. */
function homeView(): { lon: number; lat: number; zoom: number } {
  const [west, south, east, north] = home()
  const narrow = innerWidth < NARROW_PX
  const width = narrow ? innerWidth : innerWidth * 0.68
  const height = innerHeight * (narrow ? 0.6 : 0.8)
  const lon = (west + east) / 2
  const lat = (south + north) / 2
  const stretch = Math.cos((lat * Math.PI) / 180)
  const zoom = Math.log2(Math.min((width * 360) / (512 * (east - west)), (height * 360 * stretch) / (512 * (north - south))))
  return { lon, lat, zoom }
}

export const initial = (): State => ({
  ...homeView(),
  panel: innerWidth < NARROW_PX ? 'none' : 'layers',
  kinds: [...KIND_NAMES],
  hidden: ['depth'],
  status: [],
  fresh_days: null,
  lifecycle: [],
  exercise: null,
  as_of: null,
  lang: navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en',
  theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
  spot: null,
  spot_m: 0,
  hazard: 'any',
  incident: null,
  area: null,
  selected: null,
  place: null,
  covers: 'fire_watch_point',
  radius_m: null,
  reason: '',
  trials: [],
  intake: null,
  wall: false,
})

const point = (p: LonLat) => `${p[0].toFixed(5)},${p[1].toFixed(5)}`
const list = (text: string) => text.split('.').filter(Boolean)

/** The state as a URL fragment: it never leaves the browser, and a credential is never part of it. */
export function encode(state: State): string {
  const start = initial()
  const parts: [string, string][] = [['at', `${state.zoom.toFixed(2)}/${state.lat.toFixed(5)}/${state.lon.toFixed(5)}`]]
  const add = (name: string, value: string | null, usual: string | null = null) => {
    if (value !== null && value !== usual) parts.push([name, value])
  }
  add('panel', state.panel, start.panel)
  add('kinds', state.kinds.join('.'), start.kinds.join('.'))
  add('hide', state.hidden.join('.'), start.hidden.join('.'))
  add('status', state.status.join('.'), '')
  add('fresh', state.fresh_days === null ? null : String(state.fresh_days))
  add('life', state.lifecycle.join('.'), '')
  add('exercise', state.exercise)
  add('as_of', state.as_of)
  add('spot', state.spot && point(state.spot))
  add('spot_m', state.spot && state.spot_m ? String(state.spot_m) : null)
  add('hazard', state.hazard, start.hazard)
  add('incident', state.incident)
  add('area', state.area && state.area.map(point).join(';'))
  add('sel', state.selected)
  add('place', state.place)
  add('covers', state.covers, start.covers)
  add('radius', state.radius_m === null ? null : String(state.radius_m))
  add('reason', state.reason, '')
  add('trials', state.trials.map(({ at, radius_m }) => `${point(at)},${radius_m}`).join(';'), '')
  add('intake', state.intake)
  add('wall', state.wall ? '1' : null)
  add('lang', state.lang)
  add('theme', state.theme)
  return `#${parts.map(([k, v]) => `${k}=${encodeURIComponent(v).replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%3B/g, ';').replace(/%2F/g, '/')}`).join('&')}`
}

/** The state a fragment describes; what it does not say, or says wrongly, stays as it is at first. */
export function decode(fragment: string): State {
  const state = initial()
  const given = new URLSearchParams(fragment.replace(/^#/, ''))
  const [zoom, lat, lon] = (given.get('at') ?? '').split('/').map(Number)
  if ([zoom, lat, lon].every((n) => Number.isFinite(n)) && Math.abs(lat!) <= 85 && Math.abs(lon!) <= 180)
    Object.assign(state, { zoom, lat, lon })
  const take = <T>(name: string, into: (text: string) => T, keep: (value: T) => void) => {
    const text = given.get(name)
    if (text !== null) keep(into(text))
  }
  take('panel', String, (v) => PANELS.includes(v as Panel) && (state.panel = v as Panel))
  take('kinds', list, (v) => (state.kinds = v.filter((kind) => KIND_NAMES.includes(kind))))
  take('hide', list, (v) => (state.hidden = v))
  take('status', list, (v) => (state.status = v))
  take('fresh', Number, (v) => v > 0 && (state.fresh_days = v))
  take('life', list, (v) => (state.lifecycle = v))
  take('exercise', String, (v) => /^[a-z0-9][a-z0-9-]{0,39}$/.test(v) && (state.exercise = v))
  take('as_of', String, (v) => !Number.isNaN(Date.parse(v)) && (state.as_of = v))
  take('spot', points, (v) => (state.spot = v[0] ?? null))
  take('spot_m', Number, (v) => v > 0 && v <= 100_000 && (state.spot_m = v))
  take('hazard', String, (v) => /^[a-z_]{1,40}$/.test(v) && (state.hazard = v))
  take('incident', String, (v) => UUID.test(v) && (state.incident = v))
  take('area', points, (v) => v.length >= 3 && (state.area = v))
  take('sel', String, (v) => (state.selected = v))
  take('place', String, (v) => (state.place = v))
  take('covers', String, (v) => KIND_NAMES.includes(v) && (state.covers = v))
  take('radius', Number, (v) => v > 0 && v <= 500_000 && (state.radius_m = v))
  take('reason', String, (v) => (state.reason = v.slice(0, 400)))
  take('trials', trials, (v) => (state.trials = v))
  take('intake', String, (v) => UUID.test(v) && (state.intake = v))
  take('wall', String, (v) => (state.wall = v === '1'))
  take('lang', String, (v) => (v === 'zh' || v === 'en') && (state.lang = v))
  take('theme', String, (v) => (v === 'light' || v === 'dark') && (state.theme = v))
  return state
}

const UUID = /^[0-9a-f-]{36}$/
const PANELS: Panel[] = ['layers', 'incident', 'situation', 'area', 'planner', 'plan', 'inbox', 'list', 'detail', 'intake', 'none']

function points(text: string): LonLat[] {
  return text
    .split(';')
    .map((pair) => pair.split(',').map(Number))
    .filter((p): p is LonLat => p.length === 2 && p.every(Number.isFinite) && Math.abs(p[0]!) <= 180 && Math.abs(p[1]!) <= 90)
}

function trials(text: string): Trial[] {
  return text
    .split(';')
    .map((part) => part.split(',').map(Number))
    .filter((p) => p.length === 3 && p.every(Number.isFinite) && Math.abs(p[0]!) <= 180 && Math.abs(p[1]!) <= 90 && p[2]! > 0)
    .map(([lon, lat, radius_m]) => ({ at: [lon!, lat!], radius_m: radius_m! }))
}

type Listener = (state: State, changed: Set<keyof State>) => void

/** The one place where the view lives; every change is written to the URL and told to the listeners. */
export class Store {
  state: State
  private listeners: Listener[] = []
  private writing = 0

  constructor() {
    this.state = decode(location.hash)
    addEventListener('hashchange', () => this.adopt(decode(location.hash)))
  }

  on(listener: Listener): void {
    this.listeners.push(listener)
  }

  set(change: Partial<State>): void {
    const changed = new Set<keyof State>()
    for (const name of Object.keys(change) as (keyof State)[])
      if (JSON.stringify(this.state[name]) !== JSON.stringify(change[name])) changed.add(name)
    if (!changed.size) return
    this.state = { ...this.state, ...change }
    this.write()
    for (const listener of this.listeners) listener(this.state, changed)
  }

  private adopt(next: State): void {
    if (encode(next) !== encode(this.state)) this.set(next)
  }

  private write(): void {
    clearTimeout(this.writing)
    this.writing = setTimeout(() => history.replaceState(null, '', encode(this.state)), 150)
  }
}
