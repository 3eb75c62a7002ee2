import { Journal } from './journal'

export type OperationKind = 'patch' | 'status' | 'verification' | 'location' | 'incident' | 'stock' | 'attachment'
export type Result = 'applied' | 'merged' | 'conflict' | 'rejected'

/** What the registry said of an operation. */
export interface Answer {
  result: Result | 'duplicate' | 'blocked'
  first?: Result
  version?: number
  detail?: string
  status?: number
  conflict?: string
  correction?: string
  findings?: { message?: { zh?: string; en?: string }; detail?: string }[]
}

/** One thing that a person did: nothing of it changes once `request` holds the text in which it is sent. */
export interface Operation {
  op_id: string
  resource_id: string
  kind: OperationKind
  body: Record<string, unknown>
  reason: string | null
  made_at_ms: number
  seen_version: number | null
  /** What the record is called, for whoever reads the queue. */
  about: string
  request: string | null
  result: Result | null
  version: number | null
  answer: Answer | null
}

/** Whose queue this is, and which records it is about. */
export interface Scope {
  holder: string
  role: string
  place: string
  place_name: string
  exercise: string | null
}

type Event =
  | { e: 'scope'; scope: Scope }
  | { e: 'made'; op: Operation }
  | { e: 'frozen'; op_id: string; request: string }
  | { e: 'settled'; op_id: string; result: Result; version: number | null; answer: Answer }
  | { e: 'lineage'; id: string; version: number }
  | { e: 'gone'; ids: string[] }

export const DONE: (Result | null)[] = ['applied', 'merged']
const DEAD_LINES = 400

/** The queue of operations: the journal is its truth, this is what follows from it. */
export class Queue {
  scope: Scope | null = null
  /** Why nothing can be kept in this browser; null when it can. */
  unsafe: string | null = null
  private all = new Map<string, Operation>()
  private lineage = new Map<string, number>()
  private journal = new Journal()

  async open(): Promise<void> {
    try {
      const events = (await this.journal.open()) as Event[]
      events.forEach((event) => this.follow(event))
      const live = this.events()
      if (events.length - live.length > DEAD_LINES) await this.journal.compact(live)
      await this.tidy()
    } catch (error) {
      this.unsafe = (error as Error).message
    }
  }

  operations = (): Operation[] => [...this.all.values()]
  waiting = (): Operation[] => this.operations().filter(({ result }) => result === null)
  /** Conflicts and refusals that a person has to look at. */
  refused = (): Operation[] => this.operations().filter(({ result }) => result === 'conflict' || result === 'rejected')
  of = (id: string): Operation[] => this.operations().filter(({ resource_id }) => resource_id === id)

  enter = (scope: Scope): Promise<void> => this.write([{ e: 'scope', scope }])
  add = (ops: Operation[]): Promise<void> => this.write(ops.map((op) => ({ e: 'made', op })))
  freeze = (requests: { op_id: string; request: string }[]): Promise<void> => this.write(requests.map((one) => ({ e: 'frozen', ...one })))
  forget = (ids: string[]): Promise<void> => (ids.length ? this.write([{ e: 'gone', ids }]) : Promise.resolve())
  /** Keeps a photo on the disk, for an operation that names it afterwards. */
  keepPhoto = (sha256: string, bytes: ArrayBuffer): Promise<void> => this.journal.putPhoto(sha256, bytes)
  photo = (sha256: string): Promise<Blob | null> => this.journal.photo(sha256)
  /** Removes the photos that no operation names any more; at the start only, when none is being made. */
  private tidy = (): Promise<void> => this.journal.keepPhotos(this.operations().flatMap(({ body }) => (body.sha256 ? [String(body.sha256)] : [])))
  /** Puts an operation in the place of one that was refused. */
  replace = (op_id: string, op: Operation): Promise<void> => this.write([{ e: 'made', op }, { e: 'gone', ids: [op_id] }])

  /** The version an operation was done to: the one seen, or the one that own operations made of it. */
  base = ({ resource_id, seen_version }: Operation): number => Math.max(seen_version ?? 0, this.lineage.get(resource_id) ?? 0)

  /** Writes down the answers of a push; what is done and held already is dropped with the same write. */
  async settle(answers: [Operation, Answer][], held: (id: string) => number): Promise<void> {
    const events: Event[] = []
    for (const [op, answer] of answers) {
      const result = answer.first ?? (answer.result as Result)
      const version = answer.version ?? null
      events.push({ e: 'settled', op_id: op.op_id, result, version, answer })
      if (!DONE.includes(result)) continue
      if (version !== null && [0, 1].includes(version - this.base(op))) events.push({ e: 'lineage', id: op.resource_id, version })
      if (version === null || op.kind === 'incident' || version <= held(op.resource_id)) events.push({ e: 'gone', ids: [op.op_id] })
    }
    if (events.length) await this.write(events)
  }

  /** Operations that a held version contains, and that need not be laid over it any more. */
  contained = (id: string, version: number): string[] =>
    this.of(id).filter((op) => DONE.includes(op.result) && (op.version ?? 0) <= version).map(({ op_id }) => op_id)

  private async write(events: Event[]): Promise<void> {
    const harmless = events.every(({ e }) => e === 'scope')
    if (this.unsafe && !harmless) throw new Error(this.unsafe)
    if (!this.unsafe) await this.journal.append(events)
    events.forEach((event) => this.follow(event))
  }

  private follow(event: Event): void {
    if (event.e === 'scope') this.scope = event.scope
    else if (event.e === 'made') this.all.set(event.op.op_id, { ...event.op })
    else if (event.e === 'lineage') this.lineage.set(event.id, event.version)
    else if (event.e === 'gone') event.ids.forEach((id) => this.all.delete(id))
    else {
      const { e: _, ...members } = event
      const op = this.all.get(event.op_id)
      if (op) Object.assign(op, members)
    }
  }

  /** The fewest events from which all this follows. */
  private events(): Event[] {
    return [
      ...(this.scope ? [{ e: 'scope' as const, scope: this.scope }] : []),
      ...[...this.lineage].map(([id, version]) => ({ e: 'lineage' as const, id, version })),
      ...this.operations().map((op) => ({ e: 'made' as const, op })),
    ]
  }
}
