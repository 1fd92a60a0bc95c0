// Sizes in bytes as people read them.

/** `1.5 GiB`, `96 MiB`, `2.3 MiB`. */
export function byteSize(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  if (mebibytes >= 1024) return `${(mebibytes / 1024).toFixed(1)} GiB`;
  return `${mebibytes.toFixed(mebibytes < 10 ? 1 : 0)} MiB`;
}
