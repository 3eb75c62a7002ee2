import { credential } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { t } from '../../i18n'
import { me } from '../../me'

/** What pictures are attached to: its route, where it lies and who may see it. */
export interface Pictured {
  path: string
  place: string | null
  visibility: string
  version: number
  /** When it was first recorded, where that is known: of an earlier past nothing is asked. */
  created_at?: string
}

interface Kept {
  key: string
  version: number
  element: HTMLElement
  /** Reads the list again; null while the code that draws pictures is not here. */
  again: ((subject: Pictured) => void) | null
}

let kept: Kept | null = null

/** The pictures of a record or incident; nothing of them is asked for before their place in the card is seen. */
export function pictureSection(app: App, subject: Pictured): HTMLElement {
  const { exercise, as_of, lang } = app.store.state
  if (as_of && subject.created_at && Date.parse(subject.created_at) > Date.parse(as_of)) return h('div')
  const key = JSON.stringify([subject.path, exercise, as_of, lang, credential.get(), me()])
  if (kept?.key === key && kept.element.isConnected) return goOn(kept, subject)
  const element = h('div', { class: 'pictures' })
  const mine: Kept = { key, version: subject.version, element, again: null }
  kept = mine
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return
    seen.disconnect()
    import('./card').then(({ pictureCard }) => (mine.again = pictureCard(app, element, subject)),
      () => fill(element, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: t('unreachable') }))))
  })
  seen.observe(element)
  return element
}

/** A card that is drawn again keeps its pictures, what is typed beside them, and the focus. */
function goOn(mine: Kept, subject: Pictured): HTMLElement {
  const { element } = mine
  const focused = element.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null
  if (focused) requestAnimationFrame(() => element.isConnected && document.activeElement === document.body && focused.focus({ preventScroll: true }))
  if (mine.version !== subject.version) mine.again?.(subject)
  mine.version = subject.version
  return element
}
