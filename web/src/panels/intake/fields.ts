import type { Kind } from '../../vocab'

/** The fields of every kind, in the order in which a form asks for them. */
const SHARED = [
  'name', 'name_en', 'name_reading', 'external_id', 'ordinal', 'id', 'version', 'place', 'place_code', 'village', 'address', 'longitude', 'latitude', 'coordinates', 'x', 'y',
  'frame', 'uncertainty_m', 'manager', 'contact_name', 'contact_phone', 'since', 'valid_from', 'valid_to', 'note', 'lifecycle', 'visibility', 'exercise',
]

/** The fields of one kind; a test compares them with those that the registry reads. */
const OWN: Record<Kind, string[]> = {
  rescue_team: ['level', 'force', 'specialties', 'personnel', 'readiness'],
  shelter: [
    'level', 'duration', 'space', 'is_indoor', 'is_outdoor', 'hazards', 'capacity_persons', 'capacity_indoor', 'capacity_outdoor', 'occupancy_persons', 'area_m2', 'amenities',
    'accessible', 'opening', 'hours', 'hazard:flood', 'hazard:geohazard', 'hazard:earthquake', 'hazard:fire', 'hazard:tsunami', 'hazard:volcano',
  ],
  fire_watch_point: ['form', 'watch_radius_m', 'eye_height_m', 'operational'],
  supply_depot: ['tier', 'ownership', 'serves_persons'],
}

/** What a column of a file of this kind may hold. */
export const FIELDS = (kind: Kind): string[] => [...SHARED, ...OWN[kind]]
