import { crc32, deflateRawSync } from 'node:zlib'

/** One member of a hand-made zip. What is not given is what an honest tool would write. */
export interface ZipMember {
  name: string | Buffer
  data?: Buffer | string
  /** 0 stored, 8 deflated. */
  method?: number
  /** Lies for the headers. */
  size?: number
  packedSize?: number
  crc?: number
  flags?: number
  /** Unix mode with the file type, as in the upper half of the external attributes. */
  mode?: number
  /** Raw bytes in place of the compressed data. */
  raw?: Buffer
  /** Shares the data of the member with this index instead of having its own. */
  shares?: number
}

/** Builds a zip byte by byte, honest or not (APPNOTE 6.3.9, without zip64). */
export function makeZip(members: ZipMember[], { count = members.length, comment = '' } = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const member of members) {
    const name = Buffer.from(member.name as string)
    const data = Buffer.from(member.data ?? '')
    const method = member.method ?? 8
    const body = member.raw ?? (method === 8 ? deflateRawSync(data) : data)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(member.flags ?? 0, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(member.crc ?? crc32(data), 10)
    common.writeUInt32LE(member.packedSize ?? body.length, 14)
    common.writeUInt32LE(member.size ?? data.length, 18)
    common.writeUInt16LE(name.length, 22)
    offsets.push(member.shares === undefined ? offset : (offsets[member.shares] ?? 0))
    if (member.shares === undefined) {
      parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, name, body)
      offset += 30 + name.length + body.length
    }
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((member.mode ?? 0) << 16) >>> 0, 6)
    tail.writeUInt32LE(offsets.at(-1) ?? 0, 10)
    const madeBy = Buffer.from([20, member.mode ? 3 : 0])
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), madeBy, common, tail, name)
  }
  const table = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(table.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, table, end, Buffer.from(comment)])
}

/** One member of a hand-made tar. */
export interface TarMember {
  name: string | Buffer
  data?: Buffer | string
  type?: string
  link?: string
  /** Size to declare in place of the true one. */
  size?: number
  /** The size field as raw bytes. */
  rawSize?: Buffer
  prefix?: string
  /** `ustar\0` + version, GNU's form, or nothing (V7). */
  magic?: string
  badChecksum?: boolean
}

/** One header with its data, padded to whole blocks. */
export function tarBlocks(member: TarMember): Buffer {
  const data = Buffer.from(member.data ?? '')
  const header = Buffer.alloc(512)
  header.set(Buffer.from(member.name as string).subarray(0, 100), 0)
  header.write('0000644\0', 100)
  header.write('0000000\x000000000\0', 108)
  header.write(`${(member.size ?? data.length).toString(8).padStart(11, '0')} `, 124)
  if (member.rawSize) header.set(member.rawSize, 124)
  header.write('00000000000 ', 136)
  header.write(member.type ?? '0', 156)
  header.write(member.link ?? '', 157)
  header.write(member.magic ?? 'ustar\x0000', 257, 'latin1')
  header.write(member.prefix ?? '', 345)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, member.badChecksum ? 1 : 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

/** The two blocks of zeros at the end of every tar. */
export const TAR_END = Buffer.alloc(1024)

/** Builds a tar byte by byte, honest or not. */
export const makeTar = (members: TarMember[]): Buffer => Buffer.concat([...members.map(tarBlocks), TAR_END])

/** The data of a pax extended header. */
export function pax(records: Record<string, string>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`)
    let length = rest + 1
    while (String(length).length + rest !== length) length += 1
    return `${length} ${key}=${value}\n`
  })
  return Buffer.from(lines.join(''))
}
