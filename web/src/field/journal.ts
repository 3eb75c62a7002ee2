import type { Asked, Told } from './workers/messages'

/** What a message asks, without its number. */
type Question = Asked extends infer One ? (One extends Asked ? Omit<One, 'id'> : never) : never
type Waiter = { done(lines: string[]): void; fail(error: Error): void }

const PATIENCE_MS = 20_000
const fileOf = (sha256: string): string => `photo-${sha256}`

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
    const lines = await this.ask({ act: 'open' }).finally(() => clearTimeout(late))
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown]
      } catch {
        return []
      }
    })
  }

  async append(values: unknown[]): Promise<void> {
    await this.ask({ act: 'append', lines: written(values) })
  }

  /** Replaces everything by these values, all or none of them. */
  async compact(values: unknown[]): Promise<void> {
    await this.ask({ act: 'compact', lines: written(values) })
  }

  /** Keeps a photo under its digest; it is on the disk once this returns. */
  async putPhoto(sha256: string, bytes: ArrayBuffer): Promise<void> {
    await this.ask({ act: 'put', name: fileOf(sha256), bytes })
  }

  /** A photo that was kept; null when the browser lost it. */
  async photo(sha256: string): Promise<Blob | null> {
    try {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('field')
      return await (await folder.getFileHandle(fileOf(sha256))).getFile()
    } catch {
      return null
    }
  }

  /** Removes the photos that are not among these. */
  async keepPhotos(wanted: string[]): Promise<void> {
    await this.ask({ act: 'keep', names: wanted.map(fileOf) })
  }

  /** From now on every question fails: a worker that does not start would answer none. */
  private breaks(why: string): void {
    this.broken = new Error(why || 'the worker of the journal does not start')
    for (const { fail } of this.waiting.values()) fail(this.broken)
    this.waiting.clear()
  }

  private ask(question: Question): Promise<string[]> {
    if (this.broken) return Promise.reject(this.broken)
    const id = ++this.asked
    this.worker.postMessage({ id, ...question })
    return new Promise((done, fail) => this.waiting.set(id, { done, fail }))
  }
}

const written = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value))
