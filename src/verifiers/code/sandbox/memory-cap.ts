// A limit on the WebAssembly memory of this process, which no setting of V8 bounds: every growth of a memory
// goes through one function of JavaScript, and a refused growth is an allocation that fails in the guest
// (MemoryError in Python, an out-of-memory error in QuickJS).

const PAGE = 65_536;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(deltaPages: number): number;
}

/** The limit in bytes of each memory; set before a program runs. */
export const memoryCap = { limitBytes: Number.POSITIVE_INFINITY, refused: false };

/** Loaded before the interpreter, so that it finds the limited function. */
export function capMemory(): void {
  const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: WasmMemory } } })
    .WebAssembly.Memory;
  const grow = Object.getOwnPropertyDescriptor(prototype, 'grow')!.value as (delta: number) => number;
  prototype.grow = function (this: WasmMemory, delta: number): number {
    if (this.buffer.byteLength + delta * PAGE > memoryCap.limitBytes) {
      memoryCap.refused = true;
      throw new RangeError('Over the memory limit.');
    }
    return Reflect.apply(grow, this, [delta]);
  };
}
