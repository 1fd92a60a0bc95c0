// Matrices as rows of entries: the arithmetic that turns a sum, product or multiple of matrices into one.
import { contains, negated, product, quotient, sum, type Node } from './node.ts';

export type Rows = readonly (readonly Node[])[];

/** The entries of a matrix, or of a sum, product or multiple of matrices; null where it is none. */
export function rowsOf(node: Node): Rows | null {
  if (node.kind === 'matrix') return node.rows;
  if (node.kind === 'power') return powerOf(rowsOf(node.base), node.exponent);
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

const MAX_POWER = 8n;

/** The transpose (T), a small whole power, or the inverse of a matrix of two rows. */
function powerOf(rows: Rows | null, exponent: Node): Rows | null {
  if (rows === null) return null;
  if (exponent.kind === 'symbol' && (exponent.name === 'T' || exponent.name === 't'))
    return rows[0]!.map((_unused, column) => rows.map((row) => row[column]!));
  if (exponent.kind !== 'number' || exponent.value.d !== 1n || rows.length !== rows[0]!.length) return null;
  const { n } = exponent.value;
  if (n === -1n) return inverse(rows);
  if (n < 1n || n > MAX_POWER) return null;
  let result: Rows | null = rows;
  for (let times = 1n; times < n && result !== null; times++) result = multiplyRows(result, rows);
  return result;
}

function inverse(rows: Rows): Rows | null {
  if (rows.length !== 2) return null;
  const [[a, b], [c, d]] = rows as readonly [readonly [Node, Node], readonly [Node, Node]];
  const determinant = sum([product([a, d]), negated(product([b, c]))]);
  const over = (entry: Node) => quotient(entry, determinant);
  return [
    [over(d), over(negated(b))],
    [over(negated(c)), over(a)],
  ];
}

function addRows(a: Rows, b: Rows): Rows | null {
  if (a.length !== b.length || a[0]!.length !== b[0]!.length) return null;
  return a.map((row, i) => row.map((entry, j) => sum([entry, b[i]![j]!])));
}

function multiplyRows(a: Rows, b: Rows): Rows | null {
  if (a[0]!.length !== b.length || a.length * b.length * b[0]!.length > 200) return null;
  return a.map((row) => b[0]!.map((_unused, j) => sum(row.map((entry, k) => product([entry, b[k]![j]!])))));
}
