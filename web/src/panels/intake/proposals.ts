import type { Column, Finding, Row } from './model'

/** Findings about a town name the place column; the address that they came from stays as it is. */
const OF_PLACE = ['town_from_address', 'unknown_town', 'ambiguous_town', 'unknown_place', 'outside_place', 'place_form', 'place_derived', 'place_assumed']
const OF_RECORD = ['likely_double', 'possible_double', 'shared_external_id', 'other_name']

type Corrections = Record<string, string | number | null>

/** One way to settle a finding with a click: what it is called and what it writes into the row. */
export interface Proposal {
  label: string
  corrections: Corrections
}

/** The known record that a finding says a row may be. */
export function recordOf({ code, proposal }: Finding): { id: string; name: unknown } | null {
  return OF_RECORD.includes(code) && isObject(proposal) && typeof proposal.id === 'string' ? { id: proposal.id, name: proposal.name } : null
}

/** What can be written into the cells of a row instead; none where nothing was proposed or no cell can hold it. */
export function proposalsFor(finding: Finding, row: Row, columns: Column[]): Proposal[] {
  if (OF_RECORD.includes(finding.code) || finding.proposal === null || finding.proposal === undefined) return []
  if (finding.code === 'axes_swapped') return swapped(finding, columns)
  const column = target(finding, columns)
  if (!column || (finding.column === undefined && !OF_PLACE.includes(finding.code))) return []
  const values = Array.isArray(finding.proposal) ? finding.proposal : [finding.proposal]
  return values.filter(isPlain).map((value) => ({ label: String(value), corrections: { [column]: instead(finding, row, column, value) } }))
}

/** Pieces of a list are replaced inside their cell; any other cell is replaced whole. */
function instead(finding: Finding, row: Row, column: string, value: string | number): string | number {
  const text = String(row.corrections[column] ?? row.cells[column] ?? '')
  const piece = typeof finding.value === 'string' ? finding.value : ''
  const isList = finding.code === 'unknown_label' && piece && text !== piece && text.includes(piece)
  return isList ? text.replace(piece, String(value)) : value
}

function target(finding: Finding, columns: Column[]): string | undefined {
  if (!OF_PLACE.includes(finding.code)) return finding.column
  return (columns.find(({ field }) => field === 'place_code') ?? columns.find(({ field }) => field === 'place'))?.column
}

function swapped({ proposal }: Finding, columns: Column[]): Proposal[] {
  const [lon, lat] = ['longitude', 'latitude'].map((name) => columns.find(({ field }) => field === name)?.column)
  if (!lon || !lat || !Array.isArray(proposal) || proposal.length !== 2) return []
  const [x, y] = proposal.map(Number)
  return [{ label: `${x}, ${y}`, corrections: { [lon]: x!, [lat]: y! } }]
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isPlain = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'
