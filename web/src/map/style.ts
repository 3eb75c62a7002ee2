import type { StyleSpecification } from 'maplibre-gl'
import type { Theme } from '../state'

/** Symbols and words grow with very wide screens, which are looked at from farther away. */
export const SCALE = Math.min(2, Math.max(1, innerWidth / 1920))

/** The page's own font face: glyphs are drawn with what the style sheet has loaded, once for words and map. */
export const FONT = ['Registry Sans']

export interface Palette {
  land: string
  outside: string
  border: string
  text: string
  halo: string
  gap: string
  rule: string
  doubt: string
  accent: string
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    land: '#f4f2ec',
    outside: '#e3e1da',
    border: '#8f8a7c',
    text: '#2b2a26',
    halo: '#ffffff',
    gap: '#c8102e',
    rule: '#00695c',
    doubt: '#8a4b00',
    accent: '#0b57d0',
  },
  dark: {
    land: '#182029',
    outside: '#0e141a',
    border: '#6d7d8c',
    text: '#e6ebf0',
    halo: '#0b1015',
    gap: '#ff5c74',
    rule: '#4dd0c0',
    doubt: '#ffb454',
    accent: '#8ab4ff',
  },
}

/** The empty style both themes start from: no outside tiles, glyphs or sprites; the ground is the canvas's own. */
export const emptyStyle = (): StyleSpecification => ({ version: 8, sources: {}, layers: [] })
