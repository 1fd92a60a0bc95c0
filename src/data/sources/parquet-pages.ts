// Values of one physical column of a parquet row group, page by page: the part of reading parquet that keeps memory
// bounded where a file is one row group of a million rows, as pandas and Arrow write by default. It knows nothing of
// rows. Decoding is hyparquet's; what a page claims of itself is checked before it is believed, because sizes in a
// damaged file ask for any amount of memory.
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ColumnMetaData, Compressors, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { isFlatColumn } from 'hyparquet/src/schema.js';
import { compressors as all } from 'hyparquet-compressors';

/** Bytes of a page unpacked: writers aim at 1 MiB. */
const LARGEST_PAGE = 256 * 2 ** 20;
/** Values of a page: writers put 20,000 rows into one, or as many as fit 1 MiB at a bit each. */
const MOST_VALUES = 2 ** 24;
/** How much is read at once; small pages share it, a larger page is read as a whole. */
const READ_AHEAD = 2 ** 18;
/** Headers hold the least and greatest value of their page, in some files at full length. */
const LONGEST_HEADER = 2 ** 24;

const compressors: Compressors = {
  ...all,
  ZSTD(input, length) {
    checkZstdFrame(input, length);
    return all.ZSTD!(input, length);
  },
};

export class ColumnPages {
  readonly #file: FileHandle;
  readonly #decoder: Parameters<typeof readPage>[2];
  readonly #flat: boolean;
  /** Of the next page in the file. */
  #offset: number;
  readonly #end: number;
  /** Values that the pages to come hold, nulls and empty lists included. */
  #valuesLeft: number;
  #ahead = Buffer.alloc(0);
  #aheadAt = 0;
  #dictionary: DecodedArray | undefined;
  /** Rows decoded and not taken; the last of a nested column may go on in the next page. */
  #rows: unknown[] = [];
  #taken = 0;

  constructor(file: FileHandle, fileBytes: number, meta: ColumnMetaData, schemaPath: SchemaTree[]) {
    this.#file = file;
    const { path_in_schema: pathInSchema } = meta;
    this.#decoder = {
      ...meta,
      pathInSchema,
      schemaPath,
      element: schemaPath.at(-1)!.element,
      compressors,
      parsers: DEFAULT_PARSERS,
      utf8: true,
    };
    this.#flat = isFlatColumn(schemaPath);
    this.#offset = Number(meta.dictionary_page_offset || meta.data_page_offset);
    this.#end = this.#offset + Number(meta.total_compressed_size);
    this.#valuesLeft = Number(meta.num_values);
    if (!(this.#offset >= 0 && this.#end <= fileBytes)) {
      throw new Error(`the column "${pathInSchema.join('.')}" is said to lie outside the file`);
    }
  }

  /** The next rows: exactly as many as asked for. Throws where the column ends before. */
  async take(count: number): Promise<unknown[]> {
    while (!this.#has(count)) await this.#readPage();
    const rows = this.#rows.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    return rows;
  }

  #has(count: number): boolean {
    const ready = this.#rows.length - this.#taken;
    // The last row of a nested column is whole when another begins behind it, or when nothing follows.
    return this.#flat || this.#ended ? ready >= count : ready > count;
  }

  async #readPage(): Promise<void> {
    if (this.#ended) throw new Error(`the column "${this.#name}" has fewer rows than its group`);
    const { header, headerBytes } = await this.#header();
    const start = this.#offset + headerBytes;
    this.#checkHeader(header, start);
    const bytes = await this.#bytes(start, header.compressed_page_size);
    this.#offset = start + header.compressed_page_size;
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) {
      throw new Error(`a page of the column "${this.#name}" is damaged: its checksum is another`);
    }
    // A copy, for what is decoded may point into it, and not into what is read ahead.
    const page = Uint8Array.from(bytes);
    const reader = { view: new DataView(page.buffer), offset: 0 };
    if (header.type === 'INDEX_PAGE') return;
    if (header.type === 'DICTIONARY_PAGE') {
      const { data } = readPage(reader, header, this.#decoder, undefined, undefined, 0);
      this.#dictionary = data && convert(data, this.#decoder);
      return;
    }
    this.#valuesLeft -= valuesOf(header);
    const left = this.#rows.slice(this.#taken);
    const open = this.#flat ? [] : left.splice(-1);
    const { data = [] } = readPage(
      ...([reader, header, this.#decoder, this.#dictionary, this.#flat ? undefined : open, 0] as const),
    );
    this.#rows = left;
    this.#taken = 0;
    // hyparquet goes on in the list it is given where it assembles lists, and gives another where it need not.
    if (data !== open) append(this.#rows, open);
    append(this.#rows, data);
  }

  get #ended(): boolean {
    return this.#offset >= this.#end || this.#valuesLeft <= 0;
  }

  get #name(): string {
    return this.#decoder.pathInSchema.join('.');
  }

  async #header(): Promise<{ header: PageHeader; headerBytes: number }> {
    for (let length = 2 ** 12; ; length *= 16) {
      const available = Math.min(length, this.#end - this.#offset);
      const bytes = await this.#bytes(this.#offset, available);
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      try {
        return { header: parquetHeader(reader), headerBytes: reader.offset };
      } catch (error) {
        if (available < length || length >= LONGEST_HEADER) throw error;
      }
    }
  }

  #checkHeader(header: PageHeader, start: number): void {
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    const values = header.dictionary_page_header?.num_values ?? valuesOf(header);
    const within = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
    if (!within(packed, this.#end - start)) {
      throw new Error(`a page of the column "${this.#name}" is damaged: it runs over the end of its column`);
    }
    if (!within(unpacked, LARGEST_PAGE) || !within(values, MOST_VALUES)) {
      throw new Error(
        `a page of the column "${this.#name}" claims ${values} values in ${unpacked} bytes, more than a page may have`,
      );
    }
  }

  /** A part of the file, valid until the next call. */
  async #bytes(start: number, length: number): Promise<Buffer> {
    if (start < this.#aheadAt || start + length > this.#aheadAt + this.#ahead.length) {
      const wanted = Math.min(Math.max(length, READ_AHEAD), this.#end - start);
      const buffer = Buffer.alloc(wanted);
      let have = 0;
      while (have < wanted) {
        const { bytesRead } = await this.#file.read(buffer, have, wanted - have, start + have);
        if (bytesRead === 0) throw new Error('the file ends within a page');
        have += bytesRead;
      }
      this.#ahead = buffer;
      this.#aheadAt = start;
    }
    return this.#ahead.subarray(start - this.#aheadAt, start - this.#aheadAt + length);
  }
}

function valuesOf({ data_page_header: v1, data_page_header_v2: v2 }: PageHeader): number {
  return v1?.num_values ?? v2?.num_values ?? 0;
}

/** Not by spreading: a page may have more values than a call may have arguments. */
function append(rows: unknown[], more: ArrayLike<unknown>): void {
  for (let i = 0; i < more.length; i++) rows.push(more[i]);
}

/**
 * A zstd frame says itself how much it unpacks to and how far it looks back, and the decoder sets that aside before it
 * has seen a byte (RFC 8878, 3.1.1.1).
 */
function checkZstdFrame(input: Uint8Array, length: number): void {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  let at = 5;
  if (!single) {
    const window = view.getUint8(at++);
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > LARGEST_PAGE)
      throw new Error('a zstd frame asks for too large a window');
  }
  at += [0, 1, 2, 4][descriptor & 3]!;
  const size = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const content =
    size === 1
      ? view.getUint8(at)
      : size === 2
        ? view.getUint16(at, true) + 256
        : size === 4
          ? view.getUint32(at, true)
          : size === 8
            ? Number(view.getBigUint64(at, true))
            : length;
  if (content !== length)
    throw new Error(`a zstd frame claims ${content} bytes where its page has ${length}`);
}
