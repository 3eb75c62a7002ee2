import { get, lines, Problem, request } from '../api'
import { now } from '../clock'
import type { Resource } from '../types'
import type { Answer, Operation, Queue } from './queue'
import type { Shelf } from './shelf'
import { w } from './words'

const BATCH = 50
const MOST_TRIES = 3
const PATIENCE_MS = 30_000
const UNREADABLE = [400, 413, 422]
const PHOTO_PATIENCE_MS = 300_000
/** Why a photo is never taken: it is no picture, too large, or sent by somebody who may not. */
const UNWANTED = [400, 403, 413, 415, 422]

interface Change {
  op: 'put' | 'delete' | 'scope_out'
  id: string
  version: number
  feature?: Resource
}

const patience = () => AbortSignal.timeout(PATIENCE_MS)

/** One phone's side of field sync: send the queue in order, then take what changed. */
export class Sync {
  constructor(
    private queue: Queue,
    private shelf: Shelf,
    /** Hears of what was settled, and that there are new records. */
    private tell: (settled: Operation[]) => void,
  ) {}

  /**
   * Sends, then takes; a Problem when that could not be finished. What was sent stays settled.
   *
   * Photos go last and one by one: a weak network brings the reports first.
   */
  async run(): Promise<void> {
    await get('v1/me', {}, patience()) // says whether the key still holds, and what time it is
    await this.push()
    await this.pull()
    await this.shelf.note('fresh_at', now().toISOString())
    for (const op of this.queue.waiting().filter(isPhoto)) await this.sendPhoto(op)
  }

  /** The file, then the operation that attaches it; it waits while what it belongs to does. */
  private async sendPhoto(op: Operation): Promise<void> {
    if (this.queue.of(op.resource_id).some((other) => other.kind === 'incident' && other.result === null)) return
    const refused = await this.bring(String(op.body.sha256))
    const [whole] = refused ? [op] : await this.freeze([op])
    const [answer] = refused ? [refused] : await this.answers([whole!])
    if (answer!.result !== 'blocked') await this.settle([[whole!, answer!]])
  }

  /** Sends the file of a photo; an answer where it can never be sent. */
  private async bring(sha256: string): Promise<Answer | null> {
    const content = await this.queue.photo(sha256)
    if (!content) return { result: 'rejected', detail: w('photo.lost') }
    try {
      await request('PUT', `v1/attachments/${sha256}`, { content: content.slice(0, content.size, 'image/jpeg'), signal: AbortSignal.timeout(PHOTO_PATIENCE_MS) })
      return null
    } catch (error) {
      if (!(error instanceof Problem) || !UNWANTED.includes(error.status)) throw error
      return { result: 'rejected', detail: error.message, status: error.status }
    }
  }

  private query = () => ({ exercise: this.queue.scope?.exercise })
  private scope = () => ({ ...this.query(), place: this.queue.scope?.place })

  private async push(): Promise<void> {
    const tries = new Map<string, number>()
    for (let batch = await this.batch(tries); batch.length; batch = await this.batch(tries)) {
      const answers = await this.answers(batch)
      const settled: [Operation, Answer][] = []
      batch.forEach((op, i) => {
        const answer = answers[i]!
        if (answer.result === 'blocked') tries.set(op.op_id, (tries.get(op.op_id) ?? 0) + 1)
        else settled.push([op, answer])
      })
      await this.settle(settled)
    }
  }

  private async settle(settled: [Operation, Answer][]): Promise<void> {
    await this.queue.settle(settled, this.shelf.version)
    this.tell(settled.map(([op, answer]) => ({ ...op, answer, result: answer.first ?? (answer.result as Operation['result']) })))
  }

  /** One answer each; when the registry cannot read the batch, each operation is sent alone. */
  private async answers(batch: Operation[]): Promise<Answer[]> {
    const text = `{"operations":[${batch.map(({ request }) => request).join(',')}]}`
    try {
      return (await request<{ results: Answer[] }>('POST', 'v1/sync/push', { text, query: this.query(), signal: patience() })).data.results
    } catch (error) {
      if (!(error instanceof Problem) || !UNREADABLE.includes(error.status)) throw error
      if (batch.length === 1) return [{ result: 'rejected', detail: error.message, status: error.status }]
    }
    const answers: Answer[] = []
    for (const op of batch) answers.push(...(await this.answers([op])))
    return answers
  }

  /**
   * The next operations, each in the text in which it is sent for ever.
   *
   * An edit waits for the earlier operations on its record, because it is made to what they leave.
   */
  private async batch(tries: Map<string, number>): Promise<Operation[]> {
    const batch: Operation[] = []
    const [inBatch, held] = [new Set<string>(), new Set<string>()]
    for (const op of this.queue.waiting().filter((one) => !isPhoto(one))) {
      const follows = op.kind === 'patch' && inBatch.has(op.resource_id)
      if (held.has(op.resource_id) || follows || (tries.get(op.op_id) ?? 0) >= MOST_TRIES) {
        held.add(op.resource_id)
        continue
      }
      inBatch.add(op.resource_id)
      batch.push(op)
      if (batch.length === BATCH) break
    }
    return this.freeze(batch)
  }

  private async freeze(batch: Operation[]): Promise<Operation[]> {
    const fresh = batch.filter(({ request }) => request === null)
    if (fresh.length) await this.queue.freeze(fresh.map((op) => ({ op_id: op.op_id, request: frozen(op, this.queue.base(op)) })))
    return batch
  }

  private async pull(): Promise<void> {
    for (let more = true; more; ) {
      if (this.shelf.cursor === null) await this.take()
      try {
        const page = await get<{ changes: Change[]; cursor: string; more: boolean }>('v1/changes', { ...this.scope(), cursor: this.shelf.cursor, limit: 500 }, patience())
        await this.follow(page.changes, page.cursor)
        more = page.more
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 410) throw error
        await this.take()
        more = true
      }
    }
  }

  private async follow(changes: Change[], cursor: string): Promise<void> {
    const put = changes.flatMap(({ op, feature }) => (op === 'put' && feature ? [feature] : []))
    const drop = changes.filter(({ op }) => op !== 'put')
    await this.shelf.apply(put, drop, cursor)
    const contained = [...put.map(({ id, properties }) => this.queue.contained(id, properties.version)), ...drop.map(({ id, version }) => this.queue.contained(id, version))]
    await this.queue.forget(contained.flat())
    if (changes.length) this.tell([])
  }

  /** Everything in the place, from one instant. The queue stays; what is done is in these records. */
  private async take(): Promise<void> {
    const done = this.queue.operations().filter(({ result }) => result === 'applied' || result === 'merged')
    const all: Resource[] = []
    let cursor: string | null = null
    let ended = false
    for await (const line of lines('v1/sync/snapshot', this.scope())) {
      const value = JSON.parse(line) as Resource & { cursor?: string; end?: number }
      if (value.end !== undefined) ended = value.end === all.length
      else if (value.type === 'Feature') all.push(value)
      else cursor = value.cursor ?? null
    }
    if (!ended || !cursor) throw new Problem(0, 'unreachable', '')
    await this.shelf.replace(all, cursor)
    await this.queue.forget(done.map(({ op_id }) => op_id))
    this.tell([])
  }
}

export const isPhoto = ({ kind }: Operation): boolean => kind === 'attachment'

/** The text of an operation, with its times by the registry's clock. */
export function frozen(op: Operation, base: number): string {
  const byRegistry = (at_ms: number) => new Date(at_ms + now().getTime() - Date.now()).toISOString()
  const at = byRegistry(op.made_at_ms)
  const timed = { status: { observed_at: at }, stock: { observed_at: at }, incident: { reported_at: at } }[op.kind as string]
  if (isPhoto(op)) return JSON.stringify({ op_id: op.op_id, kind: op.kind, resource_id: op.resource_id, body: { ...op.body, taken_at: byRegistry(Date.parse(String(op.body.taken_at))) }, device_at: at, reason: op.reason })
  return JSON.stringify({
    op_id: op.op_id, kind: op.kind, resource_id: op.resource_id, body: { ...timed, ...op.body }, device_at: at, reason: op.reason,
    ...(op.kind === 'patch' && base ? { base_version: base } : {}),
  })
}
