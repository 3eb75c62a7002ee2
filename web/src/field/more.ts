import { credential } from '../api'
import { h } from '../dom'
import { coded, number } from '../i18n'
import { phoneKey } from './model'
import { button, sureButton, type Page } from './parts'
import { theme, changeLanguage, changeTheme } from './settings'
import { w } from './words'

/** Whose phone it is, how it looks, and what it keeps. */
export function moreScreen(page: Page): HTMLElement {
  const { queue, shelf } = page.model
  const { scope } = queue
  const kept = h('p', { class: 'quiet', id: 'storage' })
  void navigator.storage.persisted?.().then((yes) => (kept.textContent = w(yes ? 'more.storage.kept' : 'more.storage.best')))
  const out = () => (phoneKey.drop(), (page.model.trouble = { kind: 'key' }), page.draw())
  const clear = () => void shelf.replace([], null).then(() => (out(), page.go('signin')))
  return h('section', { id: 'more' }, h('h1', {}, w('tab.more')),
    scope && h('p', { id: 'who' }, w('more.who', { holder: scope.holder.replace(/^\w+:/, ''), role: coded('role', scope.role), place: scope.place_name })),
    h('p', { class: 'quiet', id: 'held' }, w('more.records', { n: number(shelf.records.size) })), kept,
    h('div', { class: 'acts' },
      button('language', w('more.language'), () => (changeLanguage(), page.draw())),
      button('theme', w(theme() === 'night' ? 'more.theme.sun' : 'more.theme.dark'), () => (changeTheme(), page.draw())),
      button('change', w('more.change'), () => page.go('signin')),
      credential.get() && button('sign-out', w('more.out'), out),
      sureButton('clear', w('more.forget'), w('waiting.withdraw.sure'), clear),
      h('a', { class: 'button', href: './', id: 'map-link' }, w('more.map'))),
    h('p', { class: 'quiet' }, w('more.install')))
}
