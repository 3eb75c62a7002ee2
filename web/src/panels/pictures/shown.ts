/** Shows the bytes of a picture; the answer lets go of them. Throws where they are no picture. */
export async function showIn(image: HTMLImageElement, content: Blob): Promise<() => void> {
  const address = URL.createObjectURL(content)
  const release = () => URL.revokeObjectURL(address)
  image.src = address
  try {
    await image.decode()
  } catch (error) {
    release()
    throw error
  }
  return release
}

/** Calls `act` once, when an element comes into view. */
export function whenSeen(element: Element, act: () => void): void {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return
    seen.disconnect()
    act()
  })
  seen.observe(element)
}
