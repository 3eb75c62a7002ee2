import { credential, Problem } from '../api'
import { now } from '../clock'
import { distance_m } from '../geo'
import { learn, nameOf } from '../i18n'
import type { Resource } from '../types'
import { digestOf } from '../shrink'
import { overlaid } from './overlay'
import type { Photo } from './photo_field'
import type { Fix } from './position'
import { Queue, type Operation, type OperationKind } from './queue'
import { Shelf } from './shelf'
import { Sync } from './sync'
import { uuid7 } from './uuid'

const KEY = 'registry.field.key'
const DAY_MS = 86_400_000
const LATELY = 20

/** A record to look after, and how far from the phone it is: nominal, and how wrong that may be, metres. */
export interface Due {
  record: Resource
  distance_m: number | null
  error_m: number
}

/** Why the last sync did not finish. */
export type Trouble = { kind: 'offline' | 'unreachable' | 'key' } | { kind: 'failed'; why: string } | null

/** The key of this phone; it is kept beyond the tab only where its holder asked for it. */
export const phoneKey = {
  recall: () => credential.get() ?? (credential.set(localStorage.getItem(KEY)), credential.get()),
  keep(key: string, onPhone: boolean) {
    credential.set(key)
    if (onPhone) localStorage.setItem(KEY, key)
    else localStorage.removeItem(KEY)
  },
  drop() {
    credential.set(null)
    localStorage.removeItem(KEY)
  },
}

/** What this phone knows and has done; every screen is drawn from it. */
export class Model {
  readonly queue = new Queue()
  readonly shelf = new Shelf()
  fix: Fix | null = null
  /** Whether the phone said that it has no position. */
  blind = false
  trouble: Trouble = null
  syncing = false
  revoked = false
  /** What arrived at the registry since the page was opened. */
  lately: Operation[] = []
  private sync = new Sync(this.queue, this.shelf, (settled) => this.arrived(settled))

  constructor(private changed: () => void) {}

  async open(): Promise<void> {
    await Promise.all([this.queue.open(), this.shelf.open()])
    learn(this.shelf.labels)
    phoneKey.recall()
  }

  record(id: string): Resource | null {
    const held = this.shelf.records.get(id)
    return held ? overlaid(held, this.queue.of(id)) : null
  }

  /** Records that nobody verified for so many days, the nearest first; those without a position last. */
  due(days: number, words: string): Due[] {
    const before = now().getTime() - days * DAY_MS
    const wanted = words.trim().toLowerCase()
    const all = [...this.shelf.records.keys()].map((id) => this.record(id)!).filter(({ properties: { verified_at, lifecycle } }) => lifecycle !== 'retired' && (!verified_at || Date.parse(verified_at) <= before))
    const named = wanted ? all.filter(({ properties }) => [properties.name.zh, properties.name.en].some((name) => name?.toLowerCase().includes(wanted))) : all
    const verified = ({ record }: Due) => record.properties.verified_at ?? ''
    return named.map((record) => this.away(record)).sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity) || verified(a).localeCompare(verified(b)) || (a.record.id < b.record.id ? -1 : 1))
  }

  /** How far a record is from the phone; its own uncertainty and that of the fix add up. */
  away(record: Resource): Due {
    const at = record.geometry?.coordinates as [number, number] | undefined
    const error_m = (this.fix?.error_m ?? 0) + (record.properties.location.uncertainty_m ?? 0)
    return { record, distance_m: at && this.fix ? distance_m(this.fix.at, at) : null, error_m }
  }

  /** Writes down one thing that was done, and a photo of it; both are on the disk when this returns, or neither. */
  async act(kind: OperationKind, id: string, body: Record<string, unknown>, reason: string | null = null, about?: string, photo: Photo | null = null): Promise<void> {
    const record = this.shelf.records.get(id)
    const done: [OperationKind, Record<string, unknown>][] = [[kind, body]]
    if (photo) done.push(['attachment', await this.kept(photo)])
    await this.queue.add(done.map(([kind, body]) => ({
      op_id: uuid7(), resource_id: id, kind, body, reason, made_at_ms: Date.now(), seen_version: record?.properties.version ?? null,
      about: about ?? nameOf(record?.properties.name), request: null, result: null, version: null, answer: null,
    })))
    void navigator.storage.persist?.().catch(() => false)
    this.changed()
    void this.synchronise()
  }

  /** Writes down a photo of a record. */
  photograph = async (id: string, photo: Photo): Promise<void> => this.act('attachment', id, await this.kept(photo))

  /** What an operation says of a photo, whose bytes are on the disk from now on. */
  private async kept({ bytes, taken_at_ms, caption }: Photo): Promise<Record<string, unknown>> {
    const sha256 = await digestOf(bytes)
    await this.queue.keepPhoto(sha256, bytes)
    return { sha256, role: 'photo', caption, taken_at: new Date(taken_at_ms).toISOString() }
  }

  /** Sends an operation that was refused once more, now to the version that is there. */
  async again(op: Operation): Promise<void> {
    const { properties } = this.shelf.records.get(op.resource_id) ?? {}
    const fresh = { ...op, op_id: uuid7(), seen_version: properties?.version ?? null, request: null, result: null, version: null, answer: null }
    await this.queue.replace(op.op_id, fresh)
    this.changed()
    void this.synchronise()
  }

  async forget(op: Operation): Promise<void> {
    await this.queue.forget([op.op_id])
    this.changed()
  }

  /** Sends and takes, one at a time; what could not be done is in `trouble`. */
  async synchronise(): Promise<void> {
    if (this.syncing || !this.queue.scope) return
    if (!credential.get()) return this.failed({ kind: 'key' })
    this.syncing = true
    this.changed()
    const before = this.queue.waiting().length
    try {
      await this.sync.run()
      this.trouble = null
    } catch (error) {
      await this.explain(error)
    }
    this.syncing = false
    this.changed()
    if (!this.trouble && this.queue.waiting().length > before) await this.synchronise()
  }

  private async explain(error: unknown): Promise<void> {
    const { status, message } = error instanceof Problem ? error : { status: -1, message: String(error) }
    if (status === 401) await this.revoke()
    this.trouble = status === 401 ? { kind: 'key' } : status !== 0 ? { kind: 'failed', why: message } : { kind: navigator.onLine ? 'unreachable' : 'offline' }
  }

  /** The registry no longer takes the key: the records go, what was done stays. */
  private async revoke(): Promise<void> {
    phoneKey.drop()
    this.revoked = true
    await this.shelf.replace([], null)
  }

  private failed(trouble: Trouble): void {
    this.trouble = trouble
    this.changed()
  }

  private arrived(settled: Operation[]): void {
    this.lately = [...settled.filter(({ result }) => result === 'applied' || result === 'merged'), ...this.lately].slice(0, LATELY)
    this.changed()
  }
}
