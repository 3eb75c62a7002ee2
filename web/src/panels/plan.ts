import type { App } from '../app'
import { h } from '../dom'
import { t } from '../i18n'

export function planPanel(app: App): HTMLElement {
  void app
  return h('p', {}, t('loading'))
}
