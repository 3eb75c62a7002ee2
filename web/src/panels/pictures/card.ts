import { Problem } from '../../api'
import type { App } from '../../app'
import { byId, fill, h } from '../../dom'
import { t } from '../../i18n'
import { may, me } from '../../me'
import { ask } from '../../shell'
import { why } from '../common'
import { addForm } from './add'
import { saidFields } from './fields'
import type { Pictured } from './lazy'
import { attach, content, detach, MOST, pictures, takenOf, titleOf, whyHidden, type Picture } from './model'
import './pictures.css'
import { showIn, whenSeen } from './shown'
import { openViewer } from './viewer'
import { w, type PictureWord } from './words'

/** What the parts of a card of pictures share. */
interface Card {
  app: App
  subject: Pictured
  /** Whether the caller may add, change and detach. */
  mine: boolean
  /** Reads the list again; the focus goes to a picture, or to what adds one. */
  read(focus?: string): Promise<void>
}

/** Draws the pictures of a record or incident into its card; the answer reads them again for a newer version. */
export function pictureCard(app: App, slot: HTMLElement, first: Pictured): (subject: Pictured) => void {
  let asked = 0
  let drawn = ''
  const card: Card = { app, subject: first, mine: false, read }
  const adding = addForm(app, () => card.subject, (sha256) => void read(idOf(sha256)))
  async function read(focus?: string): Promise<void> {
    const turn = ++asked
    const answer = await pictures(app, card.subject).catch((error: unknown) => error)
    if (turn !== asked) return
    if (!Array.isArray(answer)) return (drawn = ''), fill(slot, failed(answer, () => void read()))
    card.mine = mayChange(card)
    const now = JSON.stringify([answer, card.mine, card.subject.visibility])
    if (now !== drawn) fill(slot, body(card, answer as Picture[], adding))
    drawn = now
    if (focus) (document.getElementById(focus) ?? document.getElementById('picture-add-open'))?.focus()
  }
  void read()
  return (subject) => ((card.subject = subject), void read())
}

const idOf = (sha256: string): string => `picture-${sha256.slice(0, 16)}`

/** Who may see neither the record nor its pictures sees nothing here, as where there are none. */
function failed(error: unknown, again: () => void): HTMLElement | null {
  if (error instanceof Problem && [401, 403, 404].includes(error.status)) return null
  return h('section', { 'data-part': 'pictures' }, h('h3', {}, w('title')), h('div', { class: 'row', role: 'alert' }, h('span', { class: 'problem' }, t('failed', { why: why(error) })), h('button', { type: 'button', onclick: again }, w('again'))))
}

/** A field officer in its places, a planner, not in the past; the registry decides in the end. */
function mayChange({ app, subject: { place } }: Card): boolean {
  const { places } = me()
  return may('field') && !app.store.state.as_of && (places === null || app.places.isIn(place, places))
}

function body(card: Card, list: Picture[], adding: HTMLElement): HTMLElement | null {
  if (!list.length && !card.mine) return null
  return h('section', { 'data-part': 'pictures' }, h('h3', {}, w('title')),
    list.length > 0 && h('ul', { class: 'thumbs' }, list.map((_, index) => item(card, list, index))),
    card.mine && (list.length < MOST ? adding : h('p', { class: 'note' }, w('add.full', { n: MOST }))))
}

function item(card: Card, list: Picture[], index: number): HTMLElement {
  const picture = list[index]!
  const what = titleOf(picture, index)
  const { app, subject } = card
  const back = (sha256: string) => document.getElementById(idOf(sha256))?.focus()
  const box = h('button', { type: 'button', class: 'thumb', id: idOf(picture.sha256), 'aria-label': w('enlarge', { what }), onclick: () => openViewer(app, subject, list, index, back) })
  whenSeen(box, () => void thumbnail(card, picture, what, box))
  const visibility = h('span', { class: `tag seen-by-${picture.visibility}`, title: w(`seen_by.${picture.visibility}` as PictureWord) }, w(`visibility.${picture.visibility}` as PictureWord))
  return h('li', { 'data-sha256': picture.sha256 }, h('figure', {}, box, h('figcaption', {},
    h('span', { class: 'what' }, what),
    h('span', { class: 'small quiet' }, [picture.caption && w(`role.${picture.role}` as PictureWord), takenOf(picture)].filter(Boolean).join(' · ')),
    h('span', { class: 'row' }, visibility, card.mine && acts(card, picture, what)))))
}

async function thumbnail({ app, subject }: Card, picture: Picture, what: string, box: HTMLElement): Promise<void> {
  const image = h('img', { alt: what })
  try {
    const release = await showIn(image, await content(app, subject, picture, '/thumbnail'))
    release()
    fill(box, image)
  } catch (error) {
    fill(box, h('span', { class: 'problem small' }, whyHidden(error)))
    box.setAttribute('aria-label', `${w('enlarge', { what })} – ${whyHidden(error)}`)
  }
}

function acts(card: Card, picture: Picture, what: string): HTMLElement[] {
  const button = (id: string, word: PictureWord, mark: string, act: () => void) =>
    h('button', { type: 'button', class: `close ${id}`, 'aria-label': w(word, { what }), title: w(word, { what }), onclick: act }, mark)
  return [button('change', 'change', '✎', () => change(card, picture)), button('detach', 'detach', '✕', () => remove(card, picture, what))]
}

function change(card: Card, picture: Picture): void {
  const { app, subject } = card
  const fields = saidFields(subject, picture)
  inDialog(w('change.title'), fields.elements, () => attach(app, subject, picture.sha256, fields.said()), () => {
    app.say(w('changed'))
    void card.read(idOf(picture.sha256))
  })
}

function remove(card: Card, picture: Picture, what: string): void {
  const { app, subject } = card
  const gone = (error: unknown) => {
    if (!(error instanceof Problem && error.status === 404)) throw error
  }
  inDialog(w('detach.title'), [h('p', {}, w('detach.sure', { what }))], () => detach(app, subject, picture.sha256).catch(gone), () => {
    app.say(w('detached'))
    void card.read('picture-add-open')
  })
}

/** A question in a dialog; what the registry refuses is said in it, and it stays open. `then` follows when it has closed. */
function inDialog(title: string, content: HTMLElement[], act: () => Promise<void>, then: () => void): void {
  const out = h('div', { role: 'alert' })
  ask(title, [...content, out], async () => {
    try {
      await act()
      byId('dialog').addEventListener('close', then, { once: true })
      return true
    } catch (error) {
      fill(out, h('p', { class: 'problem' }, t('failed', { why: why(error) })))
      return false
    }
  })
}
