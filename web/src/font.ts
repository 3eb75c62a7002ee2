import address from '../fonts/registry-sans.woff2?url'

/** A line that brought the page in so short a time brings the font, a megabyte, beside the first answers. */
const QUICK_MS = 1500

/** Whether the page came over a quick line. */
export function isQuick(): boolean {
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  const scripts = (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(({ responseEnd }) => responseEnd)
  return Math.max(page?.responseEnd ?? 0, ...scripts) < QUICK_MS
}

/** Loads the page's own font; until then the machine's fonts write. */
export async function loadFont(): Promise<void> {
  const face = new FontFace('Registry Sans', `url(${address})`)
  document.fonts.add(face)
  await face.load()
}
