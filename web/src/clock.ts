/** Beyond so much the clock of this machine is not trusted; below it is the way of the answer. */
const TRUSTED_MS = 2_000
let ahead_ms = 0

/** Learns from the Date header of an answer how far ahead this machine's clock is. */
export function hearClock(date: string | null): void {
  const said_ms = date ? Date.parse(date) : NaN
  if (Number.isNaN(said_ms)) return
  const ahead = Date.now() - said_ms
  ahead_ms = Math.abs(ahead) > TRUSTED_MS ? ahead : 0
}

/** An instant as a field for date and time takes it: this machine's own time, to the minute. */
export const localMinute = (at: Date): string => new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

/** The present by the registry's clock. */
export const now = (): Date => new Date(Date.now() - ahead_ms)
