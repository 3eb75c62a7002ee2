import type { Asked, Told } from './workers/messages'

type Waiter = { done(lines: string[]): void; fail(error: Error): void }

const PATIENCE_MS = 20_000

/** The file in which everything is written that a person did; what is appended is on the disk once it is answered. */
export class Journal {
  private worker = new Worker(new URL('./workers/journal.ts', import.meta.url), { type: 'module', name: 'journal' })
  private waiting = new Map<number, Waiter>()
  private asked = 0
  private broken: Error | null = null

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<Told>) => {
      const waiter = this.waiting.get(data.id)
      this.waiting.delete(data.id)
      if (data.error === undefined) waiter?.done(data.lines ?? [])
      else waiter?.fail(new Error(data.error))
    }
    this.worker.onerror = (event) => this.breaks(event.message)
  }

  /** The values that were appended, in their order; lines that cannot be read are left out. */
  async open(): Promise<unknown[]> {
    const late = setTimeout(() => this.breaks(''), PATIENCE_MS)
    const lines = await this.ask('open', []).finally(() => clearTimeout(late))
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown]
      } catch {
        return []
      }
    })
  }

  async append(values: unknown[]): Promise<void> {
    await this.ask('append', values)
  }

  /** Replaces everything by these values, all or none of them. */
  async compact(values: unknown[]): Promise<void> {
    await this.ask('compact', values)
  }

  /** From now on every question fails: a worker that does not start would answer none. */
  private breaks(why: string): void {
    this.broken = new Error(why || 'the worker of the journal does not start')
    for (const { fail } of this.waiting.values()) fail(this.broken)
    this.waiting.clear()
  }

  private ask(act: Asked['act'], values: unknown[]): Promise<string[]> {
    if (this.broken) return Promise.reject(this.broken)
    const id = ++this.asked
    this.worker.postMessage({ id, act, lines: values.map((value) => JSON.stringify(value)) })
    return new Promise((done, fail) => this.waiting.set(id, { done, fail }))
  }
}
