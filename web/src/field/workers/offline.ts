/**
 * The service worker: it keeps the files of one build of the page, all or none, and answers with them.
 *
 * A new build waits until the page says that it may take over. What the registry answers is never kept here.
 */

/** The files of this build and its version; the build writes them in. */
declare const SHELL: string[]
declare const VERSION: string

const worker = self as unknown as ServiceWorkerGlobalScope
const PREFIX = 'field-'
const CACHE = `${PREFIX}${VERSION}`

worker.addEventListener('install', (event) => event.waitUntil(keep()))
worker.addEventListener('activate', (event) => event.waitUntil(tidy()))
worker.addEventListener('message', ({ data }) => data === 'take over' && void worker.skipWaiting())
worker.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url)
  const name = pathname.slice(new URL('.', worker.location.href).pathname.length)
  if (event.request.method === 'GET' && SHELL.includes(name)) event.respondWith(kept(event.request, name))
})

async function keep(): Promise<void> {
  try {
    const cache = await caches.open(CACHE)
    await cache.addAll(SHELL.map((name) => new Request(name, { cache: name.startsWith('assets/') ? 'default' : 'reload' })))
  } catch (error) {
    await caches.delete(CACHE)
    throw error
  }
}

async function tidy(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)))
  await worker.clients.claim()
}

const kept = async (request: Request, name: string): Promise<Response> => (await (await caches.open(CACHE)).match(name)) ?? fetch(request)
