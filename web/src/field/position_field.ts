import { h } from '../dom'
import { coded } from '../i18n'
import { button, metres } from './parts'
import { averaged, follow, qualityOf, USABLE_M, type Fix } from './position'
import { w } from './words'

/** Takes a position on the spot: it collects fixes from when it is asked for, and gets better while one stands there. */
export function positionField(): { element: HTMLElement; read(): Fix | null } {
  const out = h('p', { class: 'fix', role: 'status' })
  let fixes: Fix[] = []
  let stop = (): void => undefined
  const tell = (fix: Fix | null) => {
    if (!out.isConnected) return stop()
    if (fix) fixes.push(fix)
    const best = averaged([...fixes])
    out.dataset.quality = best ? qualityOf(best) : 'none'
    out.textContent = best
      ? w('record.fix.good', { m: metres(best.error_m), quality: coded('quality', qualityOf(best)) })
      : fix ? w('record.fix.poor', { m: metres(fix.error_m), most: metres(USABLE_M) }) : w('fix.waiting')
  }
  const begin = () => {
    stop()
    fixes = []
    tell(null)
    stop = follow(tell)
  }
  return { element: h('div', {}, button('position-take', w('record.fix.begin'), begin), out), read: () => averaged([...fixes]) }
}
