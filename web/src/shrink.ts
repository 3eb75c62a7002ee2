/** The longest side that the registry keeps of a picture, pixels. */
const MOST_PX = 2560
/** A larger file than this is not sent. */
export const MOST_BYTES = 4_000_000
const QUALITIES = [0.85, 0.7, 0.5]

/** A picture as JPEG, upright, no longer and no larger than the registry takes, without what the camera wrote into it; on white. */
export async function shrunk(file: Blob): Promise<Blob> {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' })
  const share = Math.min(1, MOST_PX / Math.max(whole.width, whole.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(whole.width * share))
  canvas.height = Math.max(1, Math.round(whole.height * share))
  const context = canvas.getContext('2d')!
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(whole, 0, 0, canvas.width, canvas.height)
  whole.close()
  let made: Blob | null = null
  for (const quality of QUALITIES) {
    made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality))
    if (made && made.size <= MOST_BYTES) return made
  }
  throw new Error(made ? `${made.size} > ${MOST_BYTES}` : 'image/jpeg')
}

/** The sha256 of these bytes in hexadecimal, by which the registry knows a picture. */
export async function digestOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
