import type { Model } from './model'
import { frozen, isPhoto } from './sync'

const FORMAT = 'registry-field-queue-1'
const ITERATIONS = 600_000
export const LEAST_CHARACTERS = 12

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

/**
 * What is unsent but the photos, as a file that only the passphrase opens; the registry takes it in by `registry sync import`.
 *
 * Each operation has from now on the form in which the phone sends it too, so that it takes effect once.
 */
export async function sealedQueue({ queue }: Model, passphrase: string): Promise<Blob> {
  const wanted = queue.waiting().filter((op) => !isPhoto(op))
  const fresh = wanted.filter(({ request }) => request === null)
  if (fresh.length) await queue.freeze(fresh.map((op) => ({ op_id: op.op_id, request: frozen(op, queue.base(op)) })))
  const { holder, exercise } = queue.scope!
  const operations = wanted.map(({ request }) => request)
  const plain = `{"holder":${JSON.stringify(holder)},"exercise":${JSON.stringify(exercise)},"operations":[${operations.join(',')}]}`
  const [salt, nonce] = [crypto.getRandomValues(new Uint8Array(16)), crypto.getRandomValues(new Uint8Array(12))]
  const text = new TextEncoder()
  const secret = await crypto.subtle.importKey('raw', text.encode(passphrase), 'PBKDF2', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS }, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt'])
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: text.encode(FORMAT) }, key, text.encode(plain))
  const file = { format: FORMAT, iterations: ITERATIONS, salt: base64(salt), nonce: base64(nonce), sealed: base64(new Uint8Array(sealed)) }
  return new Blob([JSON.stringify(file)], { type: 'application/json' })
}
