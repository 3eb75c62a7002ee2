import { get, Problem, request } from './api'
import type { App } from './app'
import { byId, fill, h } from './dom'
import { instant, number, t } from './i18n'
import { may } from './me'
import { ask } from './shell'
import type { Page, Resource } from './types'

interface Exercises {
  exercises: string[]
  ended: { exercise: string; ended_at: string }[]
}

const NAME = '[a-z0-9][a-z0-9\\-]*'
const AT_ONCE = 4
const COPIED_AT_MOST = 2000

/** The exercises there are, one press each; one that nobody opened is not entered, and planners may open one. */
export async function askExercise(app: App): Promise<void> {
  const { exercises, ended } = await get<Exercises>('v1/exercises').catch((): Exercises => ({ exercises: [], ended: [] }))
  const enter = (exercise: string) => (byId<HTMLDialogElement>('dialog').close(), app.store.set({ exercise, selected: null, incident: null }))
  const said = h('div', { id: 'exercise-said', role: 'alert' })
  const list = exercises.map((name) => {
    const over = ended.find(({ exercise }) => exercise === name)
    const button = h('button', { type: 'button', 'data-exercise': name, onclick: () => enter(name) }, over ? t('exercise.ended', { name, at: instant(over.ended_at) }) : name)
    return h('li', {}, button, may('planner') ? ending(app, name, over !== undefined, said) : null)
  })
  const name = h('input', { id: 'exercise-name', value: exercises.includes('demo') ? 'demo' : '', pattern: NAME, maxlength: 40, required: true, title: t('exercise.form') })
  const copy = h('button', { type: 'button', id: 'exercise-copy', onclick: () => void open(app, name, said, enter) }, t('exercise.copy', { n: number(app.records.all.size) }))
  ask(t('exercise.enter'), [
    list.length ? h('ul', { class: 'list', id: 'exercise-list' }, list) : null,
    h('label', {}, t('exercise.name'), name), said,
    may('planner') && !app.store.state.exercise && !app.records.tiled ? h('div', {}, copy, h('p', { class: 'note' }, t('exercise.copy.note'))) : null,
  ], async () => {
    try {
      await get('v1/resources', { exercise: name.value, limit: 1 })
      app.store.set({ exercise: name.value, selected: null, incident: null })
      return true
    } catch (error) {
      fill(said, h('p', { class: 'problem' }, error instanceof Problem && error.status ? error.message : t('unreachable')))
      return false
    }
  })
}

/** Ends an exercise, or opens it again, at the second press; the list is drawn anew. */
function ending(app: App, name: string, isOver: boolean, said: HTMLElement): HTMLElement {
  const label = t(isOver ? 'exercise.reopen' : 'exercise.end')
  const button: HTMLButtonElement = h('button', { type: 'button', 'data-ending': name, 'aria-label': `${label}: ${name}`, onclick: async () => {
    if (!button.dataset.asked) {
      button.dataset.asked = 'true'
      button.textContent = t('exercise.sure')
      return
    }
    try {
      await request(isOver ? 'DELETE' : 'PUT', `v1/exercises/${name}/end`)
      byId<HTMLDialogElement>('dialog').close()
      await askExercise(app)
    } catch (error) {
      fill(said, h('p', { class: 'problem' }, error instanceof Problem && error.status ? error.message : t('unreachable')))
    }
  } }, label)
  return button
}

/** Opens an exercise with what the page holds of real life; each copy passes the gate like any record. */
async function open(app: App, field: HTMLInputElement, said: HTMLElement, enter: (name: string) => void): Promise<void> {
  const name = field.value.trim()
  if (!new RegExp(`^${NAME}$`).test(name)) return field.reportValidity() ? undefined : undefined
  const { features } = await get<Page>('v1/resources', { limit: COPIED_AT_MOST })
  const bar = h('progress', { max: features.length, value: 0, 'aria-label': t('exercise.copying') })
  fill(said, bar)
  const left = [...features]
  const failed: string[] = []
  const work = async () => {
    for (let one = left.pop(); one; one = left.pop()) {
      await copied(one, name).catch((error: Error) => failed.push(error.message))
      bar.value += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  enter(name)
  app.hint(t('exercise.opened', { n: number(features.length - failed.length), failed: number(failed.length) }) + (failed[0] ? ` · ${failed[0]}` : ''))
  setTimeout(() => app.hint(null), 6000)
}

const OWN = ['version', 'created_at', 'updated_at', 'exercise', 'verified_at', 'verified_by']

function copied({ id, geometry, properties }: Resource, exercise: string): Promise<unknown> {
  const kept = Object.fromEntries(Object.entries(properties).filter(([name]) => !OWN.includes(name)))
  return request('PUT', `v1/resources/${id}`, { query: { exercise }, body: { type: 'Feature', id, geometry, properties: kept }, headers: { 'If-None-Match': '*' } })
}
