import type { Position } from 'geojson'

type Ring = Position[]
/** A side of a polygon: the numbers of its two corners. */
type Side = [number, number]

const rings = (extent: GeoJSON.Geometry): Ring[] =>
  extent.type === 'Polygon' ? extent.coordinates : extent.type === 'MultiPolygon' ? extent.coordinates.flat() : []

/** Positions by number: the same position has the same number. */
class Corners {
  at: Position[] = []
  private known = new Map<string, number>()

  number(position: Position): number {
    const name = `${position[0]},${position[1]}`
    const found = this.known.get(name)
    if (found !== undefined) return found
    this.known.set(name, this.at.length)
    return this.at.push(position) - 1
  }
}

/** The borders of `extents` as lines, each side once however many share it, without those of `others`. */
export function borders(extents: GeoJSON.Geometry[], others: GeoJSON.Geometry[] = []): GeoJSON.MultiLineString {
  const corners = new Corners()
  const found = sides(corners, extents)
  for (const key of sides(corners, others).keys()) found.delete(key)
  const coordinates = lines([...found.values()]).map((line) => line.map((corner) => corners.at[corner]!))
  return { type: 'MultiLineString', coordinates }
}

function sides(corners: Corners, extents: GeoJSON.Geometry[]): Map<number, Side> {
  const found = new Map<number, Side>()
  for (const ring of extents.flatMap(rings)) {
    const ends = ring.map((position) => corners.number(position))
    for (let i = 1; i < ends.length; i++) {
      const [low, high] = [Math.min(ends[i - 1]!, ends[i]!), Math.max(ends[i - 1]!, ends[i]!)]
      found.set(low * 2 ** 26 + high, [low, high])
    }
  }
  return found
}

/** Sides joined end to end, from one place where borders meet to the next: a dash runs on, a bend has no seam. */
function lines(given: Side[]): number[][] {
  const met = new Map<number, Side[]>()
  for (const side of given)
    for (const end of side) {
      const others = met.get(end)
      if (others) others.push(side)
      else met.set(end, [side])
    }
  const left = new Set(given)
  const follow = (from: number, first: Side): number[] => {
    const line = [from]
    for (let side: Side | undefined = first; side; ) {
      left.delete(side)
      const end: number = side[0] === line.at(-1) ? side[1] : side[0]
      line.push(end)
      const here: Side[] = met.get(end)!
      side = here.length === 2 ? here.find((one) => left.has(one)) : undefined
    }
    return line
  }
  const meetings = [...met].flatMap(([corner, here]) => (here.length === 2 ? [] : here.map((side): [number, Side] => [corner, side])))
  const loops = given.map((side): [number, Side] => [side[0], side])
  return [...meetings, ...loops].flatMap(([corner, side]) => (left.has(side) ? [follow(corner, side)] : []))
}

const WORLD: Ring = [[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]]

/** Everything outside `extents`: a ground of another colour that costs nothing where the map is looked at. */
export function outside(extents: GeoJSON.Geometry[]): GeoJSON.Polygon {
  const parts = extents.flatMap((extent) => (extent.type === 'MultiPolygon' ? extent.coordinates : [rings(extent)]))
  return { type: 'Polygon', coordinates: [WORLD, ...parts.flatMap(([outer]) => (outer ? [outer] : []))] }
}
