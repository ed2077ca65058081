// Base64 of bytes and of UTF-8 text, since a pure file has neither Buffer nor btoa nor TextEncoder.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function utf8Bytes(text: string): number[] {
  const bytes: number[] = []
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  }
  return bytes
}

export function textOfUtf8(bytes: readonly number[]): string {
  let text = ''
  for (let i = 0; i < bytes.length;) {
    const b = bytes[i]!
    const extra = b < 0x80 ? 0 : b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : b >= 0xc0 ? 1 : -1
    let code = extra === 0 ? b : extra === 1 ? b & 31 : extra === 2 ? b & 15 : b & 7
    let good = extra >= 0 && i + extra < bytes.length
    for (let k = 1; good && k <= extra; k++) {
      const next = bytes[i + k]!
      if ((next & 0xc0) !== 0x80) good = false
      code = (code << 6) | (next & 63)
    }
    text += good && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
    i += good ? extra + 1 : 1
  }
  return text
}

export function base64OfText(text: string): string {
  const bytes = utf8Bytes(text)
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i]!, bytes[i + 1], bytes[i + 2]]
    out += ALPHABET[a >> 2]! + ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]!
    out += b === undefined ? '=' : ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)]!
    out += c === undefined ? '=' : ALPHABET[c & 63]!
  }
  return out
}

/** The bytes, or the index of the first byte that is not base64 (Go: `illegal base64 data at input byte N`). */
export function bytesOfBase64(text: string): number[] | { badByte: number } {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  let padding = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '\n' || char === '\r') continue
    count++
    if (char === '=') {
      padding++
      if (padding > 2) return { badByte: i }
      continue
    }
    const value = ALPHABET.indexOf(char)
    if (value < 0 || padding > 0) return { badByte: i }
    held = (held << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 255)
    }
  }
  if (count % 4 !== 0) return { badByte: text.length }
  return bytes
}

export function textOfBase64(text: string): string {
  const bytes = bytesOfBase64(text)
  return Array.isArray(bytes) ? textOfUtf8(bytes) : text
}
