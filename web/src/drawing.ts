import type { App } from './app'
import { countWatched, tileTemplate } from './data'
import { drawGround } from './map/basemap'
import { drawGrid } from './map/grid'
import { provideImages } from './map/icons'
import { drawOverlays, OVERLAY_LAYERS, show } from './map/overlays'
import { drawFootprints, drawn, drawResources, FOOTPRINTS_FROM, inView, passes, SOURCE, updateRecords, type Feed } from './map/resources'
import { candidateAreas, doubtAreas, watchAreas } from './map/shapes'
import { PALETTES } from './map/style'
import { drawFoot } from './shell'

/** More discs than these are a fog, and so are more watch areas. */
const MOST_DOUBTS = 200
const MOST_WATCHED = 150

/** What is on the map: records, the areas that follow from them, and places, in the look of the view. */
export class Drawing {
  private dressed = false
  private moved = false
  /** The look that the layers of the records were made for. */
  private look = ''
  private revision = 0
  private counting = 0

  constructor(private app: App) {
    app.map.on('style.load', () => this.dress())
    app.map.on('moveend', () => {
      this.moved = true
      if (this.dressed) drawGrid(app.map)
    })
    app.map.on('idle', () => {
      if (app.records.tiled && this.dressed && this.moved) {
        this.doubtInView()
        void this.watchedInView()
      }
      this.moved = false
    })
  }

  /** Draws what is held again, after a filter or a record changed. */
  redraw(): void {
    if (!this.dressed) return
    const { map, records, store } = this.app
    const next = this.feed()
    const look = this.lookFor(next)
    if (look !== this.look || !map.getSource(SOURCE)) {
      this.look = look
      drawResources(map, next, store.state)
      for (const id of [...OVERLAY_LAYERS.intake, ...OVERLAY_LAYERS.incidents, 'chosen-ring', 'spot-line', 'spot-hit', 'spot-ring']) map.moveLayer(id)
      void this.watchedInView()
    } else if ('records' in next) updateRecords(map, next.records)
    else if (this.revision !== records.revision) map.refreshTiles(SOURCE)
    this.revision = records.revision
    this.areas()
    drawFoot(this.app)
  }

  /** The areas that follow from the records: watch areas, doubt, candidate areas. */
  areas(): void {
    const { map, records, store, places } = this.app
    const held = [...records.all.values()].filter((resource) => passes(resource, store.state))
    show(map, 'watch', watchAreas(held))
    if (records.tiled) this.doubtInView()
    else show(map, 'doubt', doubtAreas(held))
    show(map, 'candidates', candidateAreas(held, places))
  }

  /** Draws the base map that was found after the map was dressed. */
  ground(): void {
    const { map, basemap, store } = this.app
    if (this.dressed && basemap) drawGround(map, basemap, store.state)
  }

  places(): void {
    if (!this.dressed) return
    const { map, places } = this.app
    show(map, 'places', places.boundaries())
    show(map, 'labels', places.labels())
  }

  /** Dresses the map in the theme and language of the view; everything held is drawn again. */
  private dress(): void {
    const { map, store } = this.app
    const palette = PALETTES[store.state.theme]
    map.getCanvas().style.backgroundColor = palette.land
    provideImages(map, palette)
    drawOverlays(map, store.state)
    if (this.app.basemap) drawGround(map, this.app.basemap, store.state)
    drawGrid(map)
    this.dressed = true
    this.look = ''
    this.places()
    this.redraw()
  }

  private feed(): Feed {
    const { records, store } = this.app
    if (records.tiled) return { tiles: (collections) => tileTemplate(store.state, collections) }
    const shown = [...records.all.values()].filter((resource) => resource.geometry && passes(resource, store.state))
    return { records: { type: 'FeatureCollection', features: shown.map(drawn) } }
  }

  private lookFor(next: Feed): string {
    const { exercise, as_of, hidden, theme, lang, kinds, status, fresh_days, lifecycle } = this.app.store.state
    const from = 'tiles' in next ? [exercise, as_of, hidden.includes('watch')] : next.records.features.length > 100
    return JSON.stringify([from, theme, lang, kinds, status, fresh_days, lifecycle])
  }

  /** Records in tiles are known where the map has been moved to. */
  private doubtInView(): void {
    show(this.app.map, 'doubt', doubtAreas(inView(this.app.map).slice(0, MOST_DOUBTS)))
  }

  /** Watch areas of a large set are drawn where they can be told apart, and are said to be missing elsewhere. */
  private async watchedInView(): Promise<void> {
    const { map, records, store } = this.app
    const { hidden, kinds } = store.state
    const counting = ++this.counting
    const wanted = records.tiled && map.getZoom() >= FOOTPRINTS_FROM && !hidden.includes('watch') && kinds.includes('fire_watch_point')
    const n = wanted ? await countWatched(store.state, map.getBounds().toArray().flat()).catch(() => null) : 0
    if (n === null || counting !== this.counting) return
    const crowded = n > MOST_WATCHED ? n : null
    drawFootprints(map, n && !crowded ? (collections) => tileTemplate(store.state, collections) : null)
    if (crowded === this.app.crowded_watch) return
    this.app.crowded_watch = crowded
    drawFoot(this.app)
  }
}
