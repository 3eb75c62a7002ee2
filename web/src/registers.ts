import type { Change } from './live'

type Listener = (change: Change) => void
const listeners = new Map<string, Listener>()

/** Calls `listener` for each change of a register's entry that the feed tells; one listener a name. */
export const onEntry = (name: string, listener: Listener): void => void listeners.set(name, listener)

/** Tells those who draw entries: incidents, cordons, warnings. */
export function tellEntry(change: Change): void {
  for (const listener of listeners.values()) listener(change)
}
