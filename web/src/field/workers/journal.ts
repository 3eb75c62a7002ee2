/**
 * Keeps the journal: lines in a file of the origin's private file system, on the disk before they are acknowledged.
 *
 * Each compaction writes a file of its own, `journal-2` after `journal-1`; it counts from its line WHOLE on, and
 * the one before it is removed only then. A last line without its end was never acknowledged, and is cut off.
 */
import type { Asked, Told } from './messages'

const NAME = /^journal-(\d+)$/
const WHOLE = '"whole"'
const PHOTO = 'photo-'
const TRIES = 50
const HELD_MS = 100
const page = self as unknown as DedicatedWorkerGlobalScope
let folder: FileSystemDirectoryHandle
let file: FileSystemSyncAccessHandle
let generation = 0
let size = 0

async function open(): Promise<string[]> {
  const root = await navigator.storage.getDirectory()
  folder = await root.getDirectoryHandle('field', { create: true })
  const numbers = await generations()
  let lines: string[] = []
  for (generation of numbers.length ? numbers : [1]) {
    file = await handleOf(generation)
    lines = read()
    if (lines.includes(WHOLE) || generation === (numbers.at(-1) ?? 1)) break
    file.close()
  }
  if (!lines.includes(WHOLE)) append([WHOLE])
  for (const other of numbers) if (other !== generation) await folder.removeEntry(`journal-${other}`)
  return lines.filter((line) => line !== WHOLE)
}

/** Numbers of the files that there are, the newest first. */
async function generations(): Promise<number[]> {
  const numbers: number[] = []
  for await (const name of folder.keys()) if (NAME.test(name)) numbers.push(Number(NAME.exec(name)![1]))
  return numbers.sort((a, b) => b - a)
}

/** The file to write to; the worker of a page that was just left may hold it for a moment. */
async function handleOf(number: number): Promise<FileSystemSyncAccessHandle> {
  const found = await folder.getFileHandle(`journal-${number}`, { create: true })
  for (let tried = 1; ; tried++)
    try {
      return await found.createSyncAccessHandle()
    } catch (error) {
      if ((error as Error).name !== 'NoModificationAllowedError' || tried === TRIES) throw error
      await new Promise((done) => setTimeout(done, HELD_MS))
    }
}

/** Every whole line of the open file; what follows the last of them is cut off. */
function read(): string[] {
  const bytes = new Uint8Array(file.getSize())
  file.read(bytes, { at: 0 })
  size = bytes.lastIndexOf(10) + 1
  if (size < bytes.length) file.truncate(size)
  return new TextDecoder().decode(bytes.subarray(0, size)).split('\n').filter(Boolean)
}

function append(lines: string[]): void {
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`)
  try {
    if (file.write(bytes, { at: size }) < bytes.length) throw new Error('the disk is full')
    file.flush()
  } catch (error) {
    file.truncate(size)
    throw error
  }
  size += bytes.length
}

async function compact(lines: string[]): Promise<void> {
  const [before, number, length] = [file, generation, size]
  try {
    file = await handleOf(generation + 1)
    file.truncate(0)
    size = 0
    append([...lines, WHOLE])
  } catch (error) {
    if (file !== before) file.close()
    ;[file, size] = [before, length]
    throw error
  }
  generation += 1
  before.close()
  await folder.removeEntry(`journal-${number}`)
}

/** Writes a file of its own beside the journal. What was begun and not acknowledged is named by no line. */
async function put(name: string, content: ArrayBuffer): Promise<void> {
  const handle = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle()
  try {
    handle.truncate(0)
    if (handle.write(new Uint8Array(content), { at: 0 }) < content.byteLength) throw new Error('the disk is full')
    handle.flush()
  } finally {
    handle.close()
  }
}

/** Removes the other files of photos. */
async function keep(names: string[]): Promise<void> {
  const gone: string[] = []
  for await (const name of folder.keys()) if (name.startsWith(PHOTO) && !names.includes(name)) gone.push(name)
  for (const name of gone) await folder.removeEntry(name)
}

async function act(asked: Asked): Promise<string[] | undefined> {
  if (asked.act === 'open') return open()
  if (asked.act === 'put') return void (await put(asked.name, asked.bytes))
  if (asked.act === 'keep') return void (await keep(asked.names))
  if (asked.act === 'append') append(asked.lines)
  else await compact(asked.lines)
  return undefined
}

let last: Promise<unknown> = Promise.resolve()
page.onmessage = ({ data }: MessageEvent<Asked>) => {
  last = last.then(async () => {
    const told: Told = { id: data.id }
    try {
      told.lines = await act(data)
    } catch (error) {
      told.error = `${(error as Error).name}: ${(error as Error).message}`
    }
    page.postMessage(told)
  })
}
