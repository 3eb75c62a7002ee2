import type { Lang } from './state'
import type { Name } from './types'
import { WORDS } from './words'

let current: Lang = 'en'

/** Chooses the language of everything drawn from now on, and tells assistive technology. */
export function speak(lang: Lang): void {
  current = lang
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
}

export type Word = keyof typeof WORDS

/** The words for `key` in the current language, with {name} replaced from `values`. */
export function t(key: Word, values: Record<string, string | number> = {}): string {
  return phrase(WORDS[key], values)
}

/** Chinese or English words in the current language, with {name} replaced from `values`. */
export function phrase([zh, en]: readonly [string, string], values: Record<string, string | number> = {}): string {
  return (current === 'zh' ? zh : en).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

const labels = new Map<string, Name>()

/** Takes over the registry's own words for its codes: open lists hold codes that the page has no word for. */
export function learn(codes: { subject: string; code: string; label: Name }[]): void {
  for (const { subject, code, label } of codes) labels.set(`${subject}.${code}`, label)
}

/** The codes of a vocabulary that the registry has words for. */
export const labelled = (subject: string): string[] => [...labels.keys()].filter((key) => key.startsWith(`${subject}.`)).map((key) => key.slice(subject.length + 1))

/** The words for a coded value: the page's, or those of the registry's vocabularies, or the code itself. */
export function coded(prefix: string, code: unknown): string {
  const key = `${prefix}.${String(code)}` as Word
  if (key in WORDS) return t(key)
  const label = labels.get(key)
  return label ? nameOf(label) : String(code ?? '—')
}

/** A name in the current language, or in the other when only that is known. */
export function nameOf(name: Name | string | null | undefined): string {
  if (!name) return '—'
  if (typeof name === 'string') return name
  return (current === 'zh' ? name.zh || name.en : name.en || name.zh) || '—'
}

const locale = () => (current === 'zh' ? 'zh-CN' : 'en-GB')

export const number = (value: number, digits = 0): string =>
  value.toLocaleString(locale(), { maximumFractionDigits: digits })

/** Only what is nothing shows 0 %, and only what is whole 100 %. */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined) return '—'
  if (ratio > 0 && ratio < 0.0005) return '< 0.1 %'
  if (ratio >= 0.9995 && ratio < 1) return '> 99.9 %'
  return `${(ratio * 100).toFixed(1)} %`
}

/** From least to most in words; one figure where both are written alike. */
export function interval(least: number, most: number, write: (value: number) => string): string {
  const [from, to] = [write(least), write(most)]
  return from === to ? from : t('situation.between', { min: from, max: to })
}

export function length(m: number | null | undefined): string {
  if (m === null || m === undefined) return '—'
  return m < 1000 ? `${number(m)} m` : `${number(m / 1000, m < 100_000 ? 2 : 0)} km`
}

export const area = (m2: number | null | undefined): string =>
  m2 === null || m2 === undefined ? '—' : m2 < 1e5 ? `${number(m2)} m²` : `${number(m2 / 1e6, 2)} km²`

export const instant = (at: Date | string): string =>
  new Date(at).toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'medium' })

/** How long ago, in the largest whole unit. */
export function age(at: string | Date | null | undefined, now = Date.now()): string {
  if (!at) return t('age.never')
  const s = Math.max(0, (now - new Date(at).getTime()) / 1000)
  if (s < 90) return t('age.seconds', { n: Math.round(s) })
  if (s < 5400) return t('age.minutes', { n: Math.round(s / 60) })
  if (s < 129_600) return t('age.hours', { n: Math.round(s / 3600) })
  return t('age.days', { n: Math.round(s / 86_400) })
}
