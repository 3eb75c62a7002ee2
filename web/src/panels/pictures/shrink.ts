/** The registry takes files of at most so many bytes. */
const MOST_BYTES = 4 * 2 ** 20
/** The registry keeps no picture longer than this. */
const LONGEST_PX = 2560
const QUALITIES = [0.88, 0.75, 0.6, 0.45]

/** A file that can be sent; with its size in pixels where it was scaled down. */
export interface Prepared {
  content: Blob
  scaled: { width: number; height: number } | null
}

/** Makes a file that is too large for the registry a smaller JPEG; throws where the browser cannot read it. */
export async function prepared(file: Blob): Promise<Prepared> {
  if (file.size <= MOST_BYTES) return { content: file, scaled: null }
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' })
  try {
    const canvas = drawn(picture)
    const content = await encoded(canvas)
    return { content, scaled: { width: canvas.width, height: canvas.height } }
  } finally {
    picture.close()
  }
}

/** On white: JPEG has no transparency. */
function drawn(picture: ImageBitmap): HTMLCanvasElement {
  const by = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * by))
  canvas.height = Math.max(1, Math.round(picture.height * by))
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** As good as it can be within what the registry takes. */
async function encoded(canvas: HTMLCanvasElement): Promise<Blob> {
  let last: Blob | null = null
  for (const quality of QUALITIES) {
    last = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality))
    if (last && last.size <= MOST_BYTES) break
  }
  if (!last) throw new Error('this browser writes no JPEG')
  return last
}
