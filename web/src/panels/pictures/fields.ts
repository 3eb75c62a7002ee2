import { localMinute, now } from '../../clock'
import { h } from '../../dom'
import { may } from '../../me'
import type { Pictured } from './lazy'
import { ROLES, VISIBILITIES, type Picture, type Said, type Visibility } from './model'
import { w, type PictureWord } from './words'

const CAPTION = 400

/** What is said of a picture, to be filled in. */
export interface Fields {
  elements: HTMLElement[]
  said(): Said
}

/** The fields of a picture that is added, or of one that is attached. */
export function saidFields(subject: Pictured, was: Picture | null): Fields {
  const caption = h('input', { id: 'picture-caption', maxlength: CAPTION, placeholder: w('caption.hint'), value: was?.caption ?? '' })
  const role = h('select', { id: 'picture-role' }, ROLES.map((code) => h('option', { value: code }, w(`role.${code}`))))
  role.value = was?.role ?? 'photo'
  const before = was?.taken_at ? localMinute(new Date(was.taken_at)) : ''
  const taken = h('input', { id: 'picture-taken', type: 'datetime-local', max: localMinute(now()), value: before })
  const visibility = h('select', { id: 'picture-visibility' }, choices(subject, was))
  const taken_at = () => (taken.value === before ? (was?.taken_at ?? null) : taken.value ? new Date(taken.value).toISOString() : null)
  return {
    elements: [label('caption', caption), label('role', role), label('when', taken), label('visibility', visibility)],
    said: () => ({ role: role.value, caption: caption.value.trim() || null, taken_at: taken_at(), ...(visibility.value ? { visibility: visibility.value } : {}) }),
  }
}

const label = (word: PictureWord, input: HTMLElement): HTMLElement => h('label', { class: 'field' }, w(word), input)

/** Only a planner shows a picture to more people than it, or its record, is shown to. */
function choices(subject: Pictured, was: Picture | null): HTMLElement[] {
  const least = was?.visibility ?? (subject.visibility as Visibility)
  const now = w(`visibility.${least}`)
  const allowed = VISIBILITIES.filter((one, index) => one !== least && (may('planner') || index > VISIBILITIES.indexOf(least)))
  return [h('option', { value: '' }, w(was ? 'visibility.as_it_is' : 'visibility.of_record', { now })), ...allowed.map((one) => h('option', { value: one }, w(`visibility.${one}`)))]
}
