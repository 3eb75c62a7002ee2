import type { App } from '../../app'
import { fill, h } from '../../dom'
import { instant, t } from '../../i18n'
import type { Pictured } from './lazy'
import { content, takenOf, titleOf, whyHidden, type Picture } from './model'
import { showIn } from './shown'
import { w, type PictureWord } from './words'

/** Shows one picture after the other in a dialog; `back` hears which one was seen last. */
export function openViewer(app: App, subject: Pictured, list: Picture[], start: number, back: (sha256: string) => void): void {
  let at = start
  let turned = 0
  let release = () => {}
  const stage = h('div', { class: 'stage' })
  const words = h('div', { role: 'status', class: 'words' })
  const [previous, next] = [turning('previous', '‹', () => turn(-1)), turning('next', '›', () => turn(1))]
  const close = h('button', { type: 'button', id: 'picture-close', autofocus: true, onclick: () => dialog.close() }, t('close'))
  const dialog = h('dialog', { class: 'viewer', id: 'picture-dialog', 'aria-labelledby': 'picture-title' },
    words, stage, h('div', { class: 'row' }, list.length > 1 && [previous, next], h('span', { class: 'small quiet' }, list.length > 1 && h('span', { class: 'keys' }, w('keys'))), close))
  const show = async (index: number) => {
    at = index
    const mine = ++turned
    const picture = list[at]!
    release()
    release = () => {}
    previous.setAttribute('aria-disabled', String(at === 0))
    next.setAttribute('aria-disabled', String(at === list.length - 1))
    fill(words, told(app, list, at))
    fill(stage, h('p', { class: 'quiet' }, w('loading')))
    const image = h('img', { alt: titleOf(picture, at) })
    try {
      const letGo = await showIn(image, await content(app, subject, picture))
      if (mine !== turned) return letGo()
      release = letGo
      fill(stage, image)
    } catch (error) {
      if (mine === turned) fill(stage, h('p', { class: 'problem', role: 'alert' }, whyHidden(error)), h('button', { type: 'button', id: 'picture-again', onclick: () => (close.focus(), void show(at)) }, w('again')))
    }
  }
  const turn = (by: number) => {
    const to = Math.min(Math.max(at + by, 0), list.length - 1)
    if (to !== at) void show(to)
  }
  dialog.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -list.length, End: list.length }[event.key]
    event.stopPropagation()
    if (by) (event.preventDefault(), turn(by))
  })
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close())
  dialog.addEventListener('close', () => {
    turned = -1
    release()
    dialog.remove()
    back(list[at]!.sha256)
  })
  document.body.append(dialog)
  dialog.showModal()
  void show(start)
}

const turning = (word: 'previous' | 'next', mark: string, act: () => void): HTMLElement =>
  h('button', { type: 'button', id: `picture-${word}`, 'aria-label': w(word), onclick: act }, mark)

/** What is said of a picture, all of it. */
function told({ store: { state } }: App, list: Picture[], at: number): HTMLElement[] {
  const picture = list[at]!
  const { attached_by, visibility, role } = picture
  const attached = instant(picture.attached_at)
  return [
    h('h2', { id: 'picture-title' }, titleOf(picture, at)),
    h('p', { class: 'small' }, [
      list.length > 1 && w('of', { n: at + 1, all: list.length }), w(`role.${role}`), takenOf(picture),
      attached_by ? w('attached.by', { at: attached, by: attached_by.replace(/^\w+:/, '') }) : w('attached', { at: attached }),
      `${w(`visibility.${visibility}`)}${t('comma')}${w(`seen_by.${visibility}` as PictureWord)}`,
    ].filter(Boolean).join(' · ')),
    ...(state.exercise ? [h('p', { class: 'tag drill' }, t('exercise.frame', { name: state.exercise }))] : []),
  ]
}
