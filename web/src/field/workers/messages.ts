/** What the page asks of the worker that keeps the journal. */
export type Asked =
  | { id: number; act: 'open' }
  | { id: number; act: 'put'; name: string; bytes: ArrayBuffer }
  | { id: number; act: 'keep'; names: string[] }
  | { id: number; act: 'append'; lines: string[] }
  | { id: number; act: 'compact'; lines: string[] }

/** The answer to one question: the lines that were found, or why it failed. */
export interface Told {
  id: number
  lines?: string[]
  error?: string
}
