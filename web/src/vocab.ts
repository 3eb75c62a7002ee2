/** What each kind looks like: colour and outline differ together, so that neither is needed alone. */
export const KINDS = {
  rescue_team: { colour: '#1b62c4', outline: 'circle', icon: 'rescue_team', status: 'readiness' },
  shelter: { colour: '#0a7a4b', outline: 'square', icon: 'emergency_shelter', status: 'opening' },
  fire_watch_point: { colour: '#b8360b', outline: 'diamond', icon: 'watch_camera', status: 'operational' },
  supply_depot: { colour: '#6d3bbf', outline: 'hexagon', icon: 'material_depot', status: null },
} as const

export type Kind = keyof typeof KINDS
export const KIND_LIST = Object.keys(KINDS) as Kind[]

/** Statuses of all kinds in four groups a glance can tell apart. */
export const STATUS_GROUPS: Record<string, string[]> = {
  ready: ['available', 'open', 'yes'],
  limited: ['committed', 'full', 'degraded'],
  out: ['off_duty', 'unavailable', 'closed', 'no'],
  unknown: ['unknown'],
}

/** The values a person may report for each kind. */
export const STATUS_VALUES: Record<Kind, string[]> = {
  rescue_team: ['available', 'committed', 'off_duty', 'unavailable', 'unknown'],
  shelter: ['open', 'closed', 'full', 'unknown'],
  fire_watch_point: ['yes', 'degraded', 'no', 'unknown'],
  supply_depot: [],
}

export const STATUS_COLOURS: Record<string, string> = {
  ready: '#12a150',
  limited: '#e5a100',
  out: '#c81e1e',
  unknown: '#6b7280',
}

export function groupOf(status: string | null | undefined): string {
  for (const [group, values] of Object.entries(STATUS_GROUPS)) if (status && values.includes(status)) return group
  return 'unknown'
}
