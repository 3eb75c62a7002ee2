import { h } from '../dom'
import { shrunk } from '../shrink'
import { labelled } from './parts'
import { w } from './words'

/** A photo that is ready to be kept: its bytes, when it was taken and what it shows. */
export interface Photo {
  bytes: ArrayBuffer
  taken_at_ms: number
  caption: string | null
}

/** Takes one photo with the camera or from the phone's pictures; it is shrunk before it is kept. */
export function photoField(): { element: HTMLElement; read(): Promise<Photo | null> } {
  const input = h('input', { id: 'photo', type: 'file', accept: 'image/*', capture: 'environment' })
  const caption = h('input', { id: 'photo-caption', maxlength: 400, autocomplete: 'off' })
  const preview = h('img', { id: 'photo-preview', alt: w('photo.preview'), hidden: true })
  const out = h('p', { class: 'problem', role: 'alert' })
  let ready: Promise<Blob | null> = Promise.resolve(null)
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    URL.revokeObjectURL(preview.src)
    preview.hidden = true
    out.textContent = ''
    ready = file ? shrunk(file) : Promise.resolve(null)
    ready.then(
      (made) => made && ((preview.src = URL.createObjectURL(made)), (preview.hidden = false)),
      () => (out.textContent = w('photo.unreadable')),
    )
  })
  const read = async (): Promise<Photo | null> => {
    const made = await ready.catch(() => {
      throw new Error(w('photo.unreadable'))
    })
    const taken_at_ms = Math.min(input.files?.[0]?.lastModified ?? Date.now(), Date.now())
    return made && { bytes: await made.arrayBuffer(), taken_at_ms, caption: caption.value.trim() || null }
  }
  return { element: h('div', { class: 'photo' }, labelled(w('photo.take'), input), preview, labelled(w('photo.caption'), caption), out), read }
}
