import { get } from './api'
import type { Name } from './types'

/** Whose registry this is; before it is known, or in a registry that nobody initialised, the map shows the world. */
interface Description {
  jurisdiction: { name: Name; root: string; document: string | null } | null
  home: [number, number, number, number] | null
}

const PATIENCE_MS = 2000
const WORLD: [number, number, number, number] = [-170, -60, 170, 75]
let known: Description = { jurisdiction: null, home: null }

/** Asks the registry whose it is; a slow or missing answer leaves the world. */
export async function meetJurisdiction(): Promise<void> {
  const late = new Promise<null>((done) => setTimeout(() => done(null), PATIENCE_MS))
  known = (await Promise.race([get<Description>('v1/jurisdiction').catch(() => null), late])) ?? known
}

export const jurisdiction = () => known.jurisdiction
export const home = () => known.home ?? WORLD
