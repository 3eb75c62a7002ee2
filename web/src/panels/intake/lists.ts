/** Lists of what is no resource, which come in as files too; the registry names their columns. */
export const LIST_KINDS = [
  'place', 'zone', 'rule', 'vocabulary', 'contact', 'stock', 'organisation', 'responsibility', 'hotline', 'event', 'hazard_point', 'expert', 'indicator', 'agreement', 'denominator', 'inventory',
  'site', 'hospital', 'water_source', 'fire_break', 'hazard_source', 'service_point', 'cordon',
] as const
export type ListKind = (typeof LIST_KINDS)[number]

export const isList = (kind: string): kind is ListKind => (LIST_KINDS as readonly string[]).includes(kind)
