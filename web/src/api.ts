import { hearClock } from './clock'

/** An RFC 9457 problem the registry answered with, or status 0 when it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail || title)
  }
}

export interface Answer<T> {
  data: T
  etag: string | null
  status: number
  at: Date
}

export type Query = Record<string, string | number | boolean | null | undefined>
/** `text` is a body that is sent as it is, in place of one that is written as JSON; so is `content`, which has a type of its own. */
type Options = { query?: Query; body?: unknown; text?: string; content?: Blob; headers?: Record<string, string>; signal?: AbortSignal }

const KEY = 'registry.key'
export const ROOT = new URL('.', document.baseURI)

/** The bearer key typed in this tab; it is kept for the tab only and is never part of a link. */
export const credential = {
  get: () => sessionStorage.getItem(KEY),
  set: (key: string | null) => (key ? sessionStorage.setItem(KEY, key) : sessionStorage.removeItem(KEY)),
}

/** Headers every request to the registry carries. */
export function headers(): Record<string, string> {
  const key = credential.get()
  return { 'Accept-Language': document.documentElement.lang, ...(key ? { Authorization: `Bearer ${key}` } : {}) }
}

type Heard = (reached: boolean) => void
const heard: Heard[] = []

/** Calls `listener` after each request with whether the registry answered at all. */
export function onContact(listener: Heard): void {
  heard.push(listener)
}

export function url(path: string, query: Query = {}): URL {
  const target = new URL(path.replace(/^\//, ''), ROOT)
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') target.searchParams.set(name, String(value))
  return target
}

/** One request to the registry; a Problem is thrown for every answer that is not 2xx. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await reach(method, path, options)
  const body = await read(response)
  if (!response.ok) throw problem(response.status, body)
  return {
    data: body as T,
    etag: response.headers.get('ETag'),
    status: response.status,
    at: new Date(response.headers.get('Date') ?? Date.now()),
  }
}

export const get = async <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await request<T>('GET', path, { query, signal })).data

/** The lines of an answer, one after the other; a Problem with status 0 when it breaks off. */
export async function* lines(path: string, query: Query, signal?: AbortSignal): AsyncGenerator<string> {
  const response = await reach('GET', path, { query, headers: { Accept: '*/*' }, signal })
  if (!response.ok) throw problem(response.status, await read(response))
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem(0, 'unreachable', '')
    })
    const whole = (rest + (value ?? '')).split('\n')
    rest = done ? '' : whole.pop()!
    yield* whole.filter(Boolean)
    if (done) return
  }
}

/** A file to keep, and its name. */
export async function attachment(path: string, query: Query): Promise<{ name: string; content: Blob }> {
  const response = await reach('GET', path, { query, headers: { Accept: '*/*' } })
  if (!response.ok) throw problem(response.status, await read(response))
  const said = response.headers.get('Content-Disposition') ?? ''
  const name = /filename\*=UTF-8''([^;]+)/.exec(said)?.[1]
  return { name: name ? decodeURIComponent(name) : path.split('/').at(-1)!, content: await response.blob() }
}

export const uuid = (): string => {
  if ('randomUUID' in crypto) return crypto.randomUUID()
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const text = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export const post = async <T>(path: string, body: unknown, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await request<T>('POST', path, { body, query, signal })).data

/** After our last change: a standby that does not hold it yet does not answer us. */
let position: string | null = null

async function reach(method: string, path: string, { query, body, text = body === undefined ? undefined : JSON.stringify(body), content, headers: extra, signal }: Options): Promise<Response> {
  const sent: Record<string, string> = { Accept: 'application/json, application/geo+json', ...headers(), ...extra }
  if (text !== undefined) sent['Content-Type'] ??= 'application/json'
  if (position) sent['Registry-Position'] = position
  if (method === 'POST') sent['Idempotency-Key'] ??= uuid()
  try {
    const response = await patient(() => fetch(url(path, query), { method, headers: sent, body: content ?? text, signal }))
    hearClock(response.headers.get('Date'))
    position = response.headers.get('Registry-Position') ?? position
    heard.forEach((tell) => tell(true))
    return response
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error
    heard.forEach((tell) => tell(false))
    throw new Problem(0, 'unreachable', '')
  }
}

const TRIES = 4
const BUSY_MS = 400

/** Asks a busy registry again: it refuses before it does anything, and what writes carries the key of one effect. */
async function patient(send: () => Promise<Response>): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const response = await send()
    if (response.status !== 503 || tried === TRIES) return response
    await new Promise((done) => setTimeout(done, BUSY_MS * tried))
  }
}

/** Sends a file as the body of a request; `tell` hears which share of it has left, from 0 to 1. */
export function upload<T>(path: string, file: Blob, query: Query, tell: (share: number) => void, method = 'POST', type = 'application/octet-stream'): Promise<T> {
  const sending = new XMLHttpRequest()
  sending.open(method, url(path, query))
  const sent = { ...headers(), Accept: 'application/json', 'Content-Type': type, ...(method === 'POST' ? { 'Idempotency-Key': uuid() } : {}) }
  for (const [name, value] of Object.entries(sent)) sending.setRequestHeader(name, value)
  sending.upload.addEventListener('progress', ({ loaded, total }) => tell(total ? loaded / total : 0))
  return new Promise((done, fail) => {
    sending.addEventListener('error', () => {
      heard.forEach((say) => say(false))
      fail(new Problem(0, 'unreachable', ''))
    })
    sending.addEventListener('load', () => {
      heard.forEach((say) => say(true))
      const body = parsed(sending.responseText)
      if (sending.status >= 200 && sending.status < 300) done(body as T)
      else fail(problem(sending.status, body))
    })
    sending.send(file)
  })
}

async function read(response: Response): Promise<unknown> {
  return parsed(await response.text())
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return { detail: text.slice(0, 200) }
  }
}

function problem(status: number, body: unknown): Problem {
  const said = (body ?? {}) as Record<string, unknown>
  return new Problem(status, String(said.title ?? status), String(said.detail ?? ''), said)
}

/** Runs what a question starts; an analysis that became a job is followed until it ends. */
export async function analyse<T>(path: string, body: unknown, onProgress: (share: number) => void, signal: AbortSignal, query: Query = {}): Promise<T> {
  const first = await request<T & Job>('POST', path, { body, signal, query })
  if (first.status !== 202) return first.data
  return follow<T>(first.data, onProgress, signal)
}

interface Job {
  jobID?: string
  id?: string
  status?: string
  progress?: number
  message?: string
  result?: unknown
}

async function follow<T>(job: Job, onProgress: (share: number) => void, signal: AbortSignal): Promise<T> {
  const id = job.jobID ?? job.id ?? ''
  for (let wait_ms = 200; ; wait_ms = Math.min(2000, wait_ms * 1.5)) {
    await new Promise((done) => setTimeout(done, wait_ms))
    const now = await get<Job>(`v1/jobs/${id}`, {}, signal)
    onProgress((now.progress ?? 0) / 100)
    if (now.status === 'successful') return (now.result ?? (await get<T>(`v1/jobs/${id}/results`, {}, signal))) as T
    if (now.status === 'failed' || now.status === 'dismissed') throw new Problem(500, now.status, now.message ?? '')
  }
}
