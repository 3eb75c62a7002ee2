import { speak } from '../i18n'
import type { Lang } from '../state'

type Theme = 'sun' | 'night'
const LANG = 'registry.field.lang'
const THEME = 'registry.field.theme'

export const language = (): Lang => (localStorage.getItem(LANG) as Lang | null) ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en')
export const theme = (): Theme => (localStorage.getItem(THEME) as Theme | null) ?? 'sun'

/** Speaks and looks as it was chosen on this phone. */
export function applySettings(): void {
  speak(language())
  document.documentElement.dataset.theme = theme()
}

export function changeLanguage(): void {
  localStorage.setItem(LANG, language() === 'zh' ? 'en' : 'zh')
  applySettings()
}

export function changeTheme(): void {
  localStorage.setItem(THEME, theme() === 'sun' ? 'night' : 'sun')
  applySettings()
}
