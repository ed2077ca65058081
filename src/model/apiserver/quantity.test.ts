import { describe, expect, it } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  milliValue,
  parseQuantity,
  quantityValue,
  QUANTITY_FORMAT_ERROR,
} from './quantity.ts'

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['1', '1'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['100', '100'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['512Ki', '512Ki'],
    ['128974848', '128974848'],
    ['129e6', '129e6'],
    ['1e3', '1e3'],
    ['128974848000m', '128974848'],
    ['123Mi', '123Mi'],
    ['-1', '-1'],
    ['0.0000000001', '1n'],
    ['1.1Ki', '1126400m'],
  ])('%s is stored as %s', (given, stored) => {
    expect(canonicalQuantity(given)).toBe(stored)
  })

  it.each(['', 'abc', '1.1.1', '1 Mi', '1mi', '+', 'Mi', '--1'])('%s is refused', (text) => {
    expect(typeof parseQuantity(text)).toBe('string')
  })

  it('says what upstream says', () => {
    expect(parseQuantity('lots')).toBe(QUANTITY_FORMAT_ERROR)
    expect(parseQuantity('1MK')).toBe("unable to parse quantity's suffix")
  })

  it('counts', () => {
    expect(milliValue('0.1')).toBe(100)
    expect(milliValue('1u')).toBe(1)
    expect(quantityValue('64Mi')).toBe(67108864)
    expect(quantityValue('1500m')).toBe(2)
    expect(compareQuantities('1Gi', '1G')).toBe(1)
    expect(compareQuantities('1000m', '1')).toBe(0)
    expect(addQuantities('64Mi', '64Mi')).toBe('128Mi')
    expect(addQuantities('0', '64Mi')).toBe('64Mi')
  })
})
