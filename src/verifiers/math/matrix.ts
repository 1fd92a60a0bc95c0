// Matrices as rows of entries: the arithmetic that turns a sum, product or multiple of matrices into one.
import { contains, product, sum, type Node } from './node.ts';

export type Rows = readonly (readonly Node[])[];

/** The entries of a matrix, or of a sum, product or multiple of matrices; null where it is none. */
export function rowsOf(node: Node): Rows | null {
  if (node.kind === 'matrix') return node.rows;
  if (node.kind !== 'sum' && node.kind !== 'product') return null;
  if (!contains(node, (part) => part.kind === 'matrix')) return null;
  let total: Rows | null = null;
  let scale: Node[] = [];
  for (const item of node.items) {
    const rows = rowsOf(item);
    if (rows === null) {
      if (node.kind === 'sum') return null;
      scale = [...scale, item];
      continue;
    }
    if (total === null) total = rows;
    else {
      const joined: Rows | null = node.kind === 'sum' ? addRows(total, rows) : multiplyRows(total, rows);
      if (joined === null) return null;
      total = joined;
    }
  }
  if (total === null || scale.length === 0) return total;
  return total.map((row) => row.map((entry) => product([...scale, entry])));
}

function addRows(a: Rows, b: Rows): Rows | null {
  if (a.length !== b.length || a[0]!.length !== b[0]!.length) return null;
  return a.map((row, i) => row.map((entry, j) => sum([entry, b[i]![j]!])));
}

function multiplyRows(a: Rows, b: Rows): Rows | null {
  if (a[0]!.length !== b.length || a.length * b.length * b[0]!.length > 200) return null;
  return a.map((row) => b[0]!.map((_unused, j) => sum(row.map((entry, k) => product([entry, b[k]![j]!])))));
}
