import { h } from '../../dom'
import { t } from '../../i18n'

const typed = new Map<string, string>()

/** A field for the reason of a decision; what is typed outlives the lines, which a change that comes in draws anew. */
export function reasonField(id: string): { input: HTMLInputElement; forget(): void } {
  const input: HTMLInputElement = h('input', { class: 'reason', value: typed.get(id) ?? '', oninput: () => typed.set(id, input.value), maxlength: 400, placeholder: t('inbox.reason'), 'aria-label': t('inbox.reason') })
  return { input, forget: () => void typed.delete(id) }
}
