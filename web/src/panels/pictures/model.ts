import { attachment, get, Problem, request, upload } from '../../api'
import type { App } from '../../app'
import { instant } from '../../i18n'
import { why } from '../common'
import type { Pictured } from './lazy'
import { w, type PictureWord } from './words'

export const ROLES = ['photo', 'sketch', 'document'] as const
/** From who may see most to who may see least. */
export const VISIBILITIES = ['public', 'internal', 'restricted'] as const
/** Pictures of one record or incident. */
export const MOST = 20

export type Visibility = (typeof VISIBILITIES)[number]

/** A picture as it is attached; `attached_by` is for staff. */
export interface Picture {
  sha256: string
  role: (typeof ROLES)[number]
  caption: string | null
  taken_at: string | null
  visibility: Visibility
  attached_at: string
  attached_by?: string
  width_px: number
  height_px: number
}

/** What is said of a picture; without a visibility it is as the record is, or stays as it was. */
export interface Said {
  role: string
  caption: string | null
  taken_at: string | null
  visibility?: string
}

const of = ({ path }: Pictured, end = ''): string => `${path}/attachments${end && `/${end}`}`
const when = ({ store: { state } }: App) => ({ exercise: state.exercise, as_of: state.as_of })
const now = ({ store: { state } }: App) => ({ exercise: state.exercise })

export const pictures = async (app: App, subject: Pictured): Promise<Picture[]> =>
  (await get<{ attachments: Picture[] }>(of(subject), when(app))).attachments

/** The bytes of a picture, asked for with the caller's key, which the address of an image would not carry. */
export const content = async (app: App, subject: Pictured, { sha256 }: Picture, end = ''): Promise<Blob> =>
  (await attachment(of(subject, sha256 + end), when(app))).content

/** Sends a file under its digest: once more, it changes nothing. */
export const sendFile = (sha256: string, file: Blob, tell: (share: number) => void): Promise<unknown> =>
  upload(`v1/attachments/${sha256}`, file, {}, tell, 'PUT', /^image\/(png|webp)$/.test(file.type) ? file.type : 'image/jpeg')

export const attach = async (app: App, subject: Pictured, sha256: string, said: Said): Promise<void> =>
  void (await request('PUT', of(subject, sha256), { query: now(app), body: said }))

export const detach = async (app: App, subject: Pictured, sha256: string): Promise<void> =>
  void (await request('DELETE', of(subject, sha256), { query: now(app) }))

/** What a picture shows in words: its caption, else what it is and which one. */
export const titleOf = ({ caption, role }: Picture, index: number): string =>
  caption || w('numbered', { role: w(`role.${role}` as PictureWord), n: index + 1 })

export const takenOf = ({ taken_at }: Picture): string => (taken_at ? w('taken', { at: instant(taken_at) }) : w('taken.not_stated'))

/** Why a picture cannot be shown, in words. */
export const whyHidden = (error: unknown): string =>
  error instanceof Problem && error.status === 404 ? w('hidden') : error instanceof Problem ? why(error) : w('broken')
