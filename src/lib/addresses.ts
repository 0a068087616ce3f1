import { isIPv4, isIPv6 } from 'node:net'

/**
 * The network that an address belongs to for counting: an IPv4 address by itself (also when written as `::ffff:a.b.c.d`), an IPv6 address by its first
 * 64 bits, because a single customer has all of them (RFC 6177). Any other text is answered as it is.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (isIPv4(plain) || !isIPv6(plain)) return plain
  const [head = '', tail] = plain.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - left.length - right.length - (plain.includes('.') ? 1 : 0)
  const groups = tail === undefined ? left : [...left, ...Array<string>(missing).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
