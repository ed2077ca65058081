// resource.Quantity: the numbers of Kubernetes with their suffixes (staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go).
// Kept as exact whole nano units, as upstream keeps no finer scale; what is finer is rounded up, away from zero.

export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent'
export type ParsedQuantity = { nano: bigint; format: QuantityFormat }

const NANO = 1_000_000_000n
const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(.*)$/
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** Suffix -> power of ten. */
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const DECIMAL_SUFFIX: Record<number, string> = Object.fromEntries(Object.entries(DECIMAL).map(([s, e]) => [e, s]))

export const QUANTITY_FORMAT_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const QUANTITY_SUFFIX_ERROR = "unable to parse quantity's suffix"

const MAX = (1n << 63n) - 1n
const memo = new Map<string, ParsedQuantity | string>()

/** The quantity, or the API server's error text. */
export function parseQuantity(text: string): ParsedQuantity | string {
  const known = memo.get(text)
  if (known !== undefined) return known
  const parsed = parse(text)
  if (memo.size > 5_000) memo.clear()
  memo.set(text, parsed)
  return parsed
}

const tenTo = (power: number): bigint => BigInt('1' + '0'.repeat(power))

function parse(text: string): ParsedQuantity | string {
  if (!/^[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*$/.test(text)) return QUANTITY_FORMAT_ERROR
  const match = SHAPE.exec(text)
  if (!match) return QUANTITY_FORMAT_ERROR
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  if (whole === '' && fraction === '') return QUANTITY_FORMAT_ERROR
  const digits = BigInt(whole + fraction || '0')
  let up: bigint
  let format: QuantityFormat
  let tens = 0
  const binary = BINARY.indexOf(suffix)
  if (binary >= 0) {
    up = 1n << BigInt(10 * (binary + 1))
    format = 'BinarySI'
  } else if (suffix in DECIMAL) {
    up = 1n
    tens = DECIMAL[suffix]!
    format = 'DecimalSI'
  } else {
    const exponent = /^[eE]([+-]?[0-9]+)$/.exec(suffix)
    if (!exponent) return QUANTITY_SUFFIX_ERROR
    up = 1n
    tens = Number(exponent[1])
    if (tens > 40 || tens < -40) return QUANTITY_SUFFIX_ERROR
    format = 'DecimalExponent'
  }
  const scale = tens - fraction.length + 9
  let nano = digits * up
  if (scale >= 0) nano *= tenTo(scale)
  else {
    const down = tenTo(-scale)
    nano = (nano + down - 1n) / down
  }
  if (nano > MAX * NANO) nano = MAX * NANO
  return { nano: sign === '-' ? -nano : nano, format }
}

/** The canonical text: the largest suffix that leaves a whole number ("1000m" is "1", "1024Mi" is "1Gi"). */
export function formatQuantity(q: ParsedQuantity): string {
  if (q.nano === 0n) return '0'
  const sign = q.nano < 0n ? '-' : ''
  let value = q.nano < 0n ? -q.nano : q.nano
  let format = q.format
  if (format === 'BinarySI' && (value < 1024n * NANO || value % NANO !== 0n)) format = 'DecimalSI'
  if (format === 'BinarySI') {
    value /= NANO
    let step = 0
    while (step < BINARY.length && value % 1024n === 0n) {
      value /= 1024n
      step++
    }
    return sign + value.toString() + (step === 0 ? '' : BINARY[step - 1]!)
  }
  let tens = -9
  while (tens < 18 && value % 1000n === 0n) {
    value /= 1000n
    tens += 3
  }
  if (format === 'DecimalExponent') return sign + value.toString() + (tens === 0 ? '' : `e${tens}`)
  return sign + value.toString() + DECIMAL_SUFFIX[tens]!
}

function parsed(text: string): ParsedQuantity {
  const q = parseQuantity(text)
  return typeof q === 'string' ? { nano: 0n, format: 'DecimalSI' } : q
}

/** The form in which the API server stores it. Text that is no quantity comes back as it is. */
export function canonicalQuantity(text: string): string {
  const q = parseQuantity(text)
  return typeof q === 'string' ? text : formatQuantity(q)
}

export function compareQuantities(a: string, b: string): number {
  const x = parsed(a).nano
  const y = parsed(b).nano
  return x < y ? -1 : x > y ? 1 : 0
}

/** Whole units, rounded up (Quantity.Value): bytes of memory, counts. Missing is 0. */
export function quantityValue(text: string | undefined): number {
  if (text === undefined) return 0
  const { nano } = parsed(text)
  return Number(nano >= 0n ? (nano + NANO - 1n) / NANO : nano / NANO)
}

/** Thousandths, rounded up (Quantity.MilliValue): millicores. Missing is 0. */
export function milliValue(text: string | undefined): number {
  if (text === undefined) return 0
  const { nano } = parsed(text)
  return Number(nano >= 0n ? (nano + 999_999n) / 1_000_000n : nano / 1_000_000n)
}

export function addQuantities(a: string, b: string): string {
  const x = parsed(a)
  const y = parsed(b)
  return formatQuantity({ nano: x.nano + y.nano, format: x.nano === 0n ? y.format : x.format })
}

export function subtractQuantities(a: string, b: string): string {
  const x = parsed(a)
  const y = parsed(b)
  return formatQuantity({ nano: x.nano - y.nano, format: x.nano === 0n ? y.format : x.format })
}

/** `millicores` as a canonical quantity: 250 is "250m", 2000 is "2". */
export function milliQuantity(milli: number): string {
  return formatQuantity({ nano: BigInt(milli) * 1_000_000n, format: 'DecimalSI' })
}

/** Bytes in the binary notation that nodes and pods use: 67108864 is "64Mi". */
export function bytesQuantity(bytes: number): string {
  return formatQuantity({ nano: BigInt(bytes) * NANO, format: 'BinarySI' })
}
