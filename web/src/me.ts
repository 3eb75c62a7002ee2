import { credential, Problem, request } from './api'
import { coded, t } from './i18n'
import type { Places } from './places'

export type Role = 'public' | 'viewer' | 'field' | 'planner' | 'admin'

/** Whose key this tab carries; `places` is null for everywhere. */
export interface Caller {
  id: string
  role: Role
  places: string[] | null
}

const RANK: Role[] = ['public', 'viewer', 'field', 'planner', 'admin']
const NOBODY: Caller = { id: 'anonymous', role: 'public', places: null }
let caller = NOBODY

export const me = (): Caller => caller

/** Whether the caller's role includes `role`; the registry decides in the end, for the place of the record. */
export const may = (role: Role): boolean => RANK.indexOf(caller.role) >= RANK.indexOf(role)

/** Asks the registry whose key the tab carries; without an answer what was known stays. */
export async function meet(): Promise<void> {
  if (!credential.get()) return void (caller = NOBODY)
  try {
    caller = await whose(credential.get())
  } catch (error) {
    if (error instanceof Problem && error.status === 401) forget()
  }
}

/** Whose key this is; a Problem with status 401 when the registry does not accept it. */
export const whose = async (key: string | null): Promise<Caller> =>
  (await request<Caller>('GET', 'v1/me', { headers: key ? { Authorization: `Bearer ${key}` } : {} })).data

/** Signs in with a key that was looked at before. */
export function become(key: string, known: Caller): void {
  credential.set(key)
  caller = known
}

export function forget(): void {
  credential.set(null)
  caller = NOBODY
}

/** The holder without the prefix that says which kind of credential it was. */
export const holder = (): string => caller.id.replace(/^\w+:/, '')

/** Holder, role and places in words. */
export function described(places: Places): string {
  if (caller.role === 'public') return t('key.anonymous')
  const where = caller.places === null ? t('me.everywhere') : caller.places.map((code) => places.name(code)).join(t('comma')) || t('me.nowhere')
  return `${holder()} · ${coded('role', caller.role)} · ${where}`
}
