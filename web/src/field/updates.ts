/** Registers the service worker, and calls `tell` with how to switch when a new build waits. */
export async function followUpdates(tell: (take: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  const registration = await navigator.serviceWorker.register('./field-worker.js', { scope: './field' }).catch(() => null)
  if (!registration) return
  const offer = () => {
    const { waiting } = registration
    if (waiting && navigator.serviceWorker.controller) tell(() => (switchOver(), waiting.postMessage('take over')))
  }
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer))
  offer()
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && navigator.onLine && void registration.update().catch(() => undefined))
}

const switchOver = () => navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
