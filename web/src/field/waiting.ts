import { h } from '../dom'
import { age, coded, nameOf, number } from '../i18n'
import { LEAST_CHARACTERS, sealedQueue } from './export'
import { button, described, labelled, save, shown, sureButton, type Page } from './parts'
import type { Model } from './model'
import type { Operation } from './queue'
import { isPhoto } from './sync'
import { w } from './words'

/** What is not sent yet and why, and what a person has to decide. */
export function waitingScreen(page: Page): HTMLElement {
  const { queue, lately } = page.model
  const [waiting, refused] = [queue.waiting(), queue.refused()]
  const out = h('p', { class: 'problem', role: 'alert' })
  return h('section', { id: 'waiting', 'data-waiting': waiting.length, 'data-refused': refused.length },
    h('h1', {}, waiting.length ? w('waiting.title', { n: number(waiting.length) }) : w('waiting.none')),
    button('send', w('waiting.send'), () => void page.model.synchronise(), { class: 'main' }),
    refused.length > 0 && h('h2', {}, w('waiting.refused', { n: number(refused.length) })),
    h('ul', { class: 'list' }, refused.map((op) => decision(page, op, out))),
    h('ul', { class: 'list' }, waiting.map((op) => line(page, op, out))),
    waiting.some((op) => !isPhoto(op)) && exporting(page, out),
    lately.length > 0 && h('h2', {}, w('waiting.lately')),
    h('ul', { class: 'list' }, lately.map((op) => h('li', { class: 'op', 'data-op': op.op_id }, head(op), h('p', { class: 'quiet' }, settled(op))))), out)
}

const head = (op: Operation): HTMLElement => h('div', {}, h('strong', {}, op.about), h('span', { class: 'quiet' }, ` · ${age(new Date(op.made_at_ms))}`), h('p', {}, described(op)))

function line(page: Page, op: Operation, out: HTMLElement): HTMLElement {
  return h('li', { class: 'op', 'data-op': op.op_id }, head(op), h('p', { class: 'why' }, why(page.model, op)),
    op.request === null && sureButton(`withdraw-${op.op_id}`, w('waiting.withdraw'), w('waiting.withdraw.sure'), () => void save(page, out, () => page.model.forget(op))))
}

function why({ trouble, syncing }: Model, op: Operation): string {
  const reason = trouble === null || syncing ? w('waiting.why.next') : trouble.kind === 'failed' ? w('waiting.why.failed', { why: trouble.why }) : w(`waiting.why.${trouble.kind}`)
  return op.request === null ? reason : `${w('waiting.why.sent')} (${reason})`
}

function settled({ answer, result }: Operation): string {
  return answer?.correction ? w('waiting.proposed') : w(result === 'merged' ? 'waiting.merged' : 'waiting.applied')
}

/** A conflict with both values, or a refusal with its reason; a person settles it. */
function decision(page: Page, op: Operation, out: HTMLElement): HTMLElement {
  const conflict = op.result === 'conflict'
  const faults = (op.answer?.findings ?? []).map(({ message, detail }) => (message ? nameOf(message) : (detail ?? '')))
  const said = conflict ? w('waiting.conflict') : w('waiting.rejected', { why: [op.answer?.detail, ...faults].filter(Boolean).join(' · ') })
  return h('li', { class: 'op refused', 'data-op': op.op_id }, head(op), h('p', { class: 'why', role: 'alert' }, said), conflict && [compared(page, op), h('p', { class: 'quiet' }, w('waiting.inbox'))],
    h('div', { class: 'two' },
      button(`drop-${op.op_id}`, w(conflict ? 'waiting.take' : 'waiting.drop'), () => void save(page, out, () => page.model.forget(op))),
      button(`again-${op.op_id}`, w(conflict ? 'waiting.again' : 'waiting.retry'), () => void save(page, out, () => page.model.again(op)))))
}

function compared(page: Page, op: Operation): HTMLElement {
  const now = page.model.shelf.records.get(op.resource_id)?.properties
  const row = (cells: string[], tag: 'td' | 'th' = 'td') => h('tr', {}, cells.map((cell) => h(tag, {}, cell)))
  return h('table', {}, row([w('waiting.what'), w('waiting.now'), w('waiting.mine')], 'th'),
    Object.entries((op.body.properties ?? {}) as object).map(([name, value]) => row([coded('field', name), shown(now?.[name]), shown(value)])))
}

/** A file for the office with what waits, under a passphrase that is told beside it. */
function exporting(page: Page, out: HTMLElement): HTMLElement {
  const passphrase = h('input', { id: 'export-passphrase', type: 'text', autocomplete: 'off', minlength: LEAST_CHARACTERS })
  const write = async () => {
    if (passphrase.value.trim().length < LEAST_CHARACTERS) throw new Error(w('waiting.passphrase.short', { n: LEAST_CHARACTERS }))
    const address = URL.createObjectURL(await sealedQueue(page.model, passphrase.value.trim()))
    h('a', { href: address, download: `field-${new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-')}.json` }).click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
  }
  return h('details', { id: 'part-export' }, h('summary', {}, w('waiting.export')), h('div', { class: 'fields' }, h('p', { class: 'quiet' }, w('waiting.export.how')),
    labelled(w('waiting.passphrase'), passphrase), button('export', w('waiting.export.write'), () => void write().catch((error: Error) => (out.textContent = w('not_saved', { why: error.message }))))))
}
