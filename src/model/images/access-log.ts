/** Access log lines of nginx (combined, with X-Forwarded-For) and Apache (common). */
import { civil, type CivilTime } from '../../sim/clock.ts'
import type { HttpRequest, HttpResponse } from './payloads.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

function stamp(now: number): string {
  const c: CivilTime = civil(now)
  return `${two(c.day)}/${MONTHS[c.month - 1]}/${c.year}:${two(c.hour)}:${two(c.minute)}:${two(c.second)} +0000`
}

export function accessLogNginx(now: number, peer: string, request: HttpRequest, response: HttpResponse): string {
  return `${peer} - - [${stamp(now)}] "${request.method} ${request.path} HTTP/1.1" ${response.status} ${response.body.length} "-" "${request.userAgent}" "-"`
}

export function accessLogApache(now: number, peer: string, request: HttpRequest, response: HttpResponse): string {
  return `${peer} - - [${stamp(now)}] "${request.method} ${request.path} HTTP/1.1" ${response.status} ${response.body.length}`
}
