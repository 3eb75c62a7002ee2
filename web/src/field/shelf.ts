import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Name, Resource } from '../types'

type Labels = { subject: string; code: string; label: Name }[]
interface Schema extends DBSchema {
  records: { key: string; value: Resource }
  notes: { key: string; value: unknown }
}

/** The records of the place, as the registry last sent them: a copy that can be fetched again at any time. */
export class Shelf {
  readonly records = new Map<string, Resource>()
  cursor: string | null = null
  /** When the registry last said that this is all there is. */
  fresh_at: string | null = null
  labels: Labels = []
  private db: Promise<IDBPDatabase<Schema>> | null = null

  /** Reads what is kept; a browser that lost it starts with nothing, and fetches it again. */
  async open(): Promise<void> {
    try {
      const db = await this.database()
      for (const one of await db.getAll('records')) this.records.set(one.id, one)
      this.cursor = ((await db.get('notes', 'cursor')) as string | undefined) ?? null
      this.fresh_at = ((await db.get('notes', 'fresh_at')) as string | undefined) ?? null
      this.labels = ((await db.get('notes', 'labels')) as Labels | undefined) ?? []
    } catch {
      this.records.clear()
      this.cursor = null
    }
  }

  version = (id: string): number => this.records.get(id)?.properties.version ?? 0

  /** Holds exactly these records from now on. */
  async replace(all: Resource[], cursor: string | null): Promise<void> {
    this.records.clear()
    for (const one of all) this.records.set(one.id, one)
    await this.keep([], [], cursor, true)
  }

  /** Holds newer versions, drops what is gone, and keeps the cursor with them, all or nothing. */
  async apply(put: Resource[], drop: { id: string; version: number }[], cursor: string): Promise<void> {
    const newer = put.filter((one) => one.properties.version >= this.version(one.id))
    const gone = drop.filter(({ id, version }) => version >= this.version(id)).map(({ id }) => id)
    for (const one of newer) this.records.set(one.id, one)
    for (const id of gone) this.records.delete(id)
    await this.keep(newer, gone, cursor, false)
  }

  async note(name: 'fresh_at' | 'labels', value: unknown): Promise<void> {
    Object.assign(this, { [name]: value })
    await this.again(async (db) => void (await db.put('notes', value, name)))
  }

  private async keep(put: Resource[], gone: string[], cursor: string | null, whole: boolean): Promise<void> {
    this.cursor = cursor
    await this.again(async (db) => {
      const work = db.transaction(['records', 'notes'], 'readwrite')
      const records = work.objectStore('records')
      if (whole) void records.clear()
      for (const one of whole ? this.records.values() : put) void records.put(one)
      for (const id of gone) void records.delete(id)
      void work.objectStore('notes').put(cursor, 'cursor')
      await work.done
    })
  }

  /** Some systems take the database away from a page that slept: it is opened once more. */
  private async again(act: (db: IDBPDatabase<Schema>) => Promise<void>): Promise<void> {
    try {
      await act(await this.database())
    } catch {
      this.db = null
      await act(await this.database())
    }
  }

  private database(): Promise<IDBPDatabase<Schema>> {
    this.db ??= openDB<Schema>('field', 1, {
      upgrade: (db) => (db.createObjectStore('records', { keyPath: 'id' }), void db.createObjectStore('notes')),
      blocking: (_now, _wanted, event) => (event.target as IDBDatabase).close(),
      terminated: () => (this.db = null),
    })
    return this.db
  }
}
