import { get, Problem } from '../api'
import { h } from '../dom'
import { learn, nameOf } from '../i18n'
import { whose, type Caller } from '../me'
import type { Name } from '../types'
import { phoneKey } from './model'
import { button, labelled, type Page } from './parts'
import { w } from './words'

interface PlaceFeature {
  id: string
  properties: { name: Name }
}

const FOUND = 12
const WAIT_MS = 300
const REPORTING = ['field', 'planner', 'admin']

/** Whose phone this is: a key first, and then the place whose records it takes along. */
export function signInScreen(page: Page): HTMLElement {
  const key = h('input', { id: 'key', type: 'password', autocomplete: 'off', required: true })
  const keep = h('input', { id: 'key-keep', type: 'checkbox' })
  const exercise = h('input', { id: 'exercise', autocomplete: 'off', maxlength: 40, value: page.model.queue.scope?.exercise ?? '' })
  const out = h('p', { class: 'problem', role: 'alert', id: 'signin-out' })
  const rest = h('div', { id: 'signin-place' })
  const next = async (event: Event) => {
    event.preventDefault()
    out.textContent = ''
    try {
      const text = key.value.trim()
      const caller = await whose(text)
      const refusal = refused(page, caller, exercise.value.trim() || null)
      if (refusal) return void (out.textContent = refusal)
      phoneKey.keep(text, keep.checked)
      rest.replaceChildren(await placeForm(page, caller, exercise.value.trim() || null))
    } catch (error) {
      out.textContent = error instanceof Problem && error.status === 401 ? w('signin.refused') : error instanceof Problem && error.status === 0 ? w('state.unreachable') : String((error as Error).message)
    }
  }
  return h('section', { id: 'signin' }, h('h1', {}, w('signin')), h('form', { class: 'fields', onsubmit: (event: Event) => void next(event) }, labelled(w('signin.key'), key), labelled(w('signin.exercise'), exercise),
    h('label', { class: 'check' }, keep, h('span', {}, w('signin.keep'))), h('button', { type: 'submit', id: 'signin-next', class: 'main' }, w('signin.next'))), out, rest)
}

/** Why this key may not take over the phone; null when it may. */
function refused({ model: { queue } }: Page, { id, role }: Caller, exercise: string | null): string | null {
  if (!REPORTING.includes(role)) return w('signin.role')
  const left = queue.waiting().length + queue.refused().length
  const same = !queue.scope || (queue.scope.holder === id && queue.scope.exercise === exercise)
  return same || !left ? null : w('signin.other', { holder: queue.scope!.holder, n: left })
}

/** The places of the key, or a search where it holds everywhere. */
async function placeForm(page: Page, caller: Caller, exercise: string | null): Promise<HTMLElement> {
  const choices = h('div', { id: 'places', class: 'fields' })
  const offer = (found: PlaceFeature[]) => choices.replaceChildren(...(found.length
    ? found.map(({ id, properties }) => button(`place-${id}`, nameOf(properties.name), () => void enter(page, caller, exercise, id, nameOf(properties.name)), { 'data-place': id }))
    : [h('p', { class: 'quiet' }, w('signin.none'))]))
  if (caller.places) {
    offer(await Promise.all(caller.places.map((code) => get<PlaceFeature>(`v1/places/${code}`).then(({ properties }) => ({ id: code, properties })))))
    return h('div', {}, h('h2', {}, w('signin.place')), choices)
  }
  let timer = 0
  const search = async (q: string) => offer((await get<{ features: PlaceFeature[] }>('v1/places', { q, limit: FOUND })).features)
  const words = h('input', { id: 'place-find', type: 'search', autocomplete: 'off', placeholder: w('signin.place.find'), oninput: () => (clearTimeout(timer), (timer = window.setTimeout(() => words.value.trim() && void search(words.value.trim()), WAIT_MS))) })
  return h('div', {}, h('h2', {}, w('signin.place')), labelled(w('signin.place.find'), words), choices)
}

/** Takes the place: what the phone held of another one goes, and the first sync brings the records. */
async function enter(page: Page, caller: Caller, exercise: string | null, place: string, place_name: string): Promise<void> {
  const { queue, shelf } = page.model
  const before = queue.scope
  const same = before?.holder === caller.id && before.place === place && before.exercise === exercise
  if (!same) await shelf.replace([], null)
  await queue.enter({ holder: caller.id, role: caller.role, place, place_name, exercise })
  page.model.revoked = false
  page.go('due')
  await page.model.synchronise()
  const { codes } = await get<{ codes: Parameters<typeof learn>[0] }>('v1/vocabularies').catch(() => ({ codes: shelf.labels }))
  learn(codes)
  await shelf.note('labels', codes)
}
