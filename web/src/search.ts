import { DATUMS, goTo, inLink, isPosition, readPosition, type Spot } from './alarm'
import { get } from './api'
import type { App } from './app'
import { fill, h } from './dom'
import { nameOf, t, type Word } from './i18n'
import type { LonLat } from './geo'
import type { Place } from './places'
import type { Name, Page } from './types'

interface Found {
  label: string
  kind: string
  go(): void
}

/** A combobox that finds resources by name and places by name or code. */
export function searchBox(app: App): HTMLElement {
  const list = h('ul', { id: 'search-list', role: 'listbox', 'aria-label': t('search'), hidden: true })
  const input = h('input', {
    id: 'search', type: 'search', role: 'combobox', placeholder: t('search'), 'aria-label': t('search'),
    'aria-expanded': 'false', 'aria-controls': 'search-list', 'aria-autocomplete': 'list', autocomplete: 'off',
  })
  const box = new Box(app, input, list)
  input.addEventListener('input', () => box.typed())
  input.addEventListener('keydown', (event) => box.key(event))
  input.addEventListener('blur', () => setTimeout(() => box.close(), 200))
  return h('div', { class: 'search' }, input, list)
}

class Box {
  private found: Found[] = []
  private at = -1
  private timer = 0
  private asked = 0

  constructor(
    private app: App,
    private input: HTMLInputElement,
    private list: HTMLElement,
  ) {}

  typed(): void {
    clearTimeout(this.timer)
    const q = this.input.value.trim()
    if (!q) return this.close()
    this.timer = setTimeout(() => void this.look(q), 200)
  }

  private async look(q: string): Promise<void> {
    const asked = ++this.asked
    const found = isPosition(q) || inLink(q) ? await this.spots(q) : (await Promise.all([this.places(q), this.resources(q)])).flat()
    if (asked !== this.asked) return
    this.found = found.slice(0, 12)
    this.at = -1
    this.draw(q)
    this.app.say(t('search.results', { n: this.found.length }))
  }

  /** A position in each datum that it may be said in, or what a link shows. */
  private async spots(q: string): Promise<Found[]> {
    const linked = inLink(q)
    const go = (at: LonLat, uncertainty_m = 0) => () => goTo(this.app, at, uncertainty_m)
    if (linked) return [{ label: q, kind: t('alarm.link'), go: linked.incident ? () => this.app.store.set({ exercise: linked.exercise, incident: linked.incident, panel: 'incident' }) : go(linked.spot!) }]
    const read = await Promise.all(DATUMS.map((datum) => readPosition(q, datum).catch(() => null)))
    const spots = read.filter((spot): spot is Spot => spot !== null)
    const once = spots.filter(({ at }, i) => spots.findIndex((other) => other.at.join() === at.join()) === i)
    return once.map(({ label, kind, at, uncertainty_m }) => ({ label, kind, go: go(at, uncertainty_m) }))
  }

  private async places(q: string): Promise<Found[]> {
    const found = (code: string, name: Name): Found => ({ label: nameOf(name), kind: t('search.place'), go: () => this.toPlace(code) })
    try {
      const page = await get<{ features: { id: string; properties: { name: Name } }[] }>('v1/places', { q, limit: 5, as_of: this.app.store.state.as_of })
      return page.features.map(({ id, properties }) => found(id, properties.name))
    } catch {
      return this.heldPlaces(q).map((place) => found(place.code, place.name))
    }
  }

  /** Without a connection, the places that the page holds are searched as they are written. */
  private heldPlaces(q: string): Place[] {
    const wanted = q.toLowerCase()
    return this.app.places
      .all()
      .filter(({ code, name }) => [code, name.zh, name.en].some((text) => text?.toLowerCase().includes(wanted)))
      .slice(0, 5)
  }

  private async resources(q: string): Promise<Found[]> {
    const { exercise, as_of } = this.app.store.state
    try {
      const page = await get<Page>('v1/resources', { q, limit: 10, exercise, as_of })
      return page.features.map((resource) => {
        this.app.records.all.set(resource.id, resource)
        const kind = t(`kind.${resource.properties.kind}` as Word)
        return { label: nameOf(resource.properties.name), kind, go: () => this.toResource(resource.id) }
      })
    } catch {
      return this.held(q)
    }
  }

  /** Without a connection, what the page holds is searched. */
  private held(q: string): Found[] {
    const wanted = q.toLowerCase()
    return [...this.app.records.all.values()]
      .filter(({ properties: { name } }) => [name.zh, name.en].some((text) => text?.toLowerCase().includes(wanted)))
      .slice(0, 10)
      .map(({ id, properties }) => ({ label: nameOf(properties.name), kind: t(`kind.${properties.kind}` as Word), go: () => this.toResource(id) }))
  }

  private toPlace(code: string): void {
    const box = this.app.places.box(code)
    this.app.store.set({ place: code })
    if (box) this.app.map.fitBounds(box, { padding: 60, maxZoom: 12, duration: 600 })
  }

  private toResource(id: string): void {
    const resource = this.app.records.all.get(id)
    this.app.store.set({ panel: 'detail', selected: id })
    if (resource?.geometry) this.app.map.flyTo({ center: resource.geometry.coordinates as LonLat, zoom: Math.max(12, this.app.map.getZoom()), duration: 600 })
  }

  key(event: KeyboardEvent): void {
    if (event.key === 'Escape') return this.close()
    if (event.key === 'Enter' && this.found.length) {
      event.preventDefault()
      return this.choose(Math.max(0, this.at))
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || !this.found.length) return
    event.preventDefault()
    this.at = (this.at + step + this.found.length) % this.found.length
    this.mark()
  }

  private choose(index: number): void {
    this.found[index]?.go()
    this.close()
  }

  private draw(q: string): void {
    const options = this.found.map(({ label, kind }, i) =>
      h('li', { role: 'option', id: `found-${i}`, 'aria-selected': 'false', onmousedown: (e: Event) => (e.preventDefault(), this.choose(i)) },
        h('span', {}, label), h('small', {}, kind)))
    fill(this.list, options.length ? options : h('li', { class: 'quiet', role: 'option', 'aria-selected': 'false' }, t('search.nothing', { q })))
    this.list.hidden = false
    this.input.setAttribute('aria-expanded', 'true')
  }

  private mark(): void {
    this.list.querySelectorAll('[role=option]').forEach((option, i) => option.setAttribute('aria-selected', String(i === this.at)))
    this.input.setAttribute('aria-activedescendant', `found-${this.at}`)
  }

  close(): void {
    this.list.hidden = true
    this.input.setAttribute('aria-expanded', 'false')
    this.input.removeAttribute('aria-activedescendant')
  }
}
