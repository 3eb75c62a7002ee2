import { Problem } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { number, t } from '../../i18n'
import { MOST_BYTES, shrunk } from '../../shrink'
import { dropZone, sendingLine, why } from '../common'
import { saidFields } from './fields'
import type { Pictured } from './lazy'
import { attach, sendFile } from './model'
import { sha256 } from './sha256'
import { showIn } from './shown'
import { w } from './words'

const TAKEN = 'image/jpeg,image/png,image/webp'
const MB = 1_000_000

/** A part of the card in which a picture is chosen or dropped, described and added; `done` hears its digest. */
export function addForm(app: App, subject: () => Pictured, done: (sha256: string) => void): HTMLElement {
  let chosen = 0
  const body = h('div')
  const choose = async (file: File | undefined) => {
    if (!file) return
    const turn = ++chosen
    fill(body, h('p', { class: 'quiet', role: 'status' }, w('add.preparing')))
    const ready = await (file.size > MOST_BYTES ? shrunk(file) : Promise.resolve(file)).catch(() => null)
    if (turn !== chosen) return
    input.value = ''
    fill(body, ready ? form(app, subject(), file, ready, close) : problem(w('add.undecodable')))
  }
  const close = (digest: string) => {
    details.open = false
    fill(body)
    done(digest)
  }
  const input = h('input', { type: 'file', id: 'picture-input', accept: TAKEN, class: 'unseen', tabindex: -1, 'aria-hidden': 'true', onchange: () => void choose(input.files?.[0]) })
  const zone = dropZone('picture-drop', w('add.drop'), (file) => void choose(file), h('button', { type: 'button', class: 'main', id: 'picture-choose', onclick: () => input.click() }, w('add.choose')))
  const details = h('details', { id: 'picture-add' }, h('summary', { id: 'picture-add-open' }, w('add')), zone, input, body)
  return details
}

const problem = (text: string): HTMLElement => h('p', { class: 'problem', role: 'alert' }, text)

/** What is said of the picture that is sent, which is the file or a smaller one made of it. */
function form(app: App, subject: Pictured, { name }: File, content: Blob, done: (sha256: string) => void): HTMLElement {
  const preview = h('img', { class: 'preview', alt: w('add.preview') })
  const mb = number(content.size / MB, 1)
  const size = h('p', { class: 'small', role: 'status' }, w('add.chosen', { name, mb }))
  const shown = (release: () => void) => {
    release()
    if (!(content instanceof File)) size.textContent = w('add.scaled', { name, mb, width: number(preview.naturalWidth), height: number(preview.naturalHeight) })
  }
  showIn(preview, content).then(shown, () => preview.remove())
  const fields = saidFields(subject, null)
  const out = h('div', { role: 'status', id: 'picture-said' })
  const save = h('button', { type: 'submit', class: 'main', id: 'picture-save' }, w('add.save'))
  const add = sending(app, subject, content, out)
  const submit = async (event: Event) => {
    event.preventDefault()
    if (save.getAttribute('aria-disabled')) return
    save.setAttribute('aria-disabled', 'true')
    try {
      done(await add(fields.said()))
      app.say(w('added'))
    } catch (error) {
      fill(out, problem(refusal(error)))
      save.textContent = w('again')
    }
    save.removeAttribute('aria-disabled')
  }
  return h('form', { id: 'picture-form', onsubmit: (event: Event) => void submit(event) }, preview,
    size, ...fields.elements, h('div', { class: 'row' }, save), out)
}

/** Sends the file and attaches it; tried again it sends only what is not there yet, under the same digest. */
function sending(app: App, subject: Pictured, content: Blob, out: HTMLElement): (said: ReturnType<ReturnType<typeof saidFields>['said']>) => Promise<string> {
  let digest = ''
  let sent = false
  return async (said) => {
    digest ||= sha256(new Uint8Array(await content.arrayBuffer()))
    if (!sent) await sendFile(digest, content, sendingLine(out, (share) => w('add.sending', { share })))
    sent = true
    fill(out, h('p', { class: 'quiet' }, w('add.attaching')))
    await attach(app, subject, digest, said).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 409) sent = false
      throw error
    })
    return digest
  }
}

/** Why a picture was not added; where nobody knows whether it was, that trying again is safe. */
function refusal(error: unknown): string {
  if (!(error instanceof Problem)) return w('add.undecodable')
  const unsure = error.status === 0 || error.status >= 500
  return `${t('failed', { why: why(error) })}${unsure ? ` ${w('add.safe')}` : ''}`
}
