import { headers, onContact, url } from './api'
import type { Resource } from './types'

/** What the feed tells of one record: a put brings it along, anything else takes it out of view. */
export interface Change {
  op: string
  id: string
  kind: string
  version: number
  feature?: Resource
  entry?: Record<string, unknown>
}

export type Link = 'waiting' | 'live' | 'lost'

/** The change feed as server-sent events; it reconnects by itself and goes on where it stopped. */
export class Live {
  link: Link = 'waiting'
  last_contact = Date.now()
  private cursor: string | null = null
  private stop = new AbortController()
  private wait_ms = 500
  private quiet = 0

  constructor(
    private onChange: (change: Change) => void,
    private onReset: () => void,
    private onLink: (link: Link) => void,
  ) {
    onContact((reached) => (reached ? this.heard() : this.lost()))
  }

  /** Listens to the live registry or to one exercise from now on. */
  follow(exercise: string | null): void {
    this.stop.abort()
    this.stop = new AbortController()
    this.cursor = null
    void this.run(exercise, this.stop.signal)
  }

  private async run(exercise: string | null, signal: AbortSignal): Promise<void> {
    let first = true
    while (!signal.aborted) {
      try {
        await this.read(exercise, signal, first)
        first = false
      } catch {
        if (signal.aborted) return
      }
      this.lost()
      await new Promise((done) => setTimeout(done, this.wait_ms))
      this.wait_ms = Math.min(10_000, this.wait_ms * 2)
    }
  }

  private async read(exercise: string | null, signal: AbortSignal, first: boolean): Promise<void> {
    const sent: Record<string, string> = { Accept: 'text/event-stream', ...headers() }
    if (this.cursor) sent['Last-Event-ID'] = this.cursor
    const response = await fetch(url('v1/changes/stream', { exercise, registers: true }), { headers: sent, signal })
    if (response.status === 410) {
      this.cursor = null
      this.onReset()
    }
    if (response.status === 404) return this.poll(signal)
    if (!response.ok || !response.body) throw new Error(String(response.status))
    this.wait_ms = 500
    this.heard()
    if (!first && !this.cursor) this.onReset()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      this.heard()
      text = this.take(text + value.replace(/\r\n?/g, '\n'))
    }
  }

  /** A server without a feed is asked again every quarter of a minute. */
  private async poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Promise((done) => setTimeout(done, 15_000))
      this.onReset()
    }
  }

  private take(text: string): string {
    const events = text.split('\n\n')
    const rest = events.pop() ?? ''
    for (const event of events) this.dispatch(event)
    return rest
  }

  private dispatch(event: string): void {
    let name = 'message'
    let data = ''
    for (const line of event.split('\n')) {
      const [field, ...value] = line.split(':')
      const said = value.join(':').replace(/^ /, '')
      if (field === 'id') this.cursor = said
      if (field === 'event') name = said
      if (field === 'data') data += (data ? '\n' : '') + said
    }
    if (name === 'reset') this.onReset()
    else if (data && name !== 'ready') this.onChange(JSON.parse(data) as Change)
  }

  private heard(): void {
    this.last_contact = Date.now()
    clearTimeout(this.quiet)
    this.quiet = setTimeout(() => this.lost(), 45_000)
    this.become('live')
  }

  private lost(): void {
    this.become('lost')
  }

  private become(link: Link): void {
    if (link === this.link) return
    this.link = link
    this.onLink(link)
  }
}
