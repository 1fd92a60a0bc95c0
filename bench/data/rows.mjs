// A million problems from parquet through problemsOf: peak memory and rows a second, each file in a process of its own.
//   node bench/data/rows.mjs [--rows 1000000] [--dir /tmp/guiderail-rows] [--python PY] [--rounds 3]
// The files are made where they are not there: by hyparquet-writer (snappy), and with --python, a Python that has
// pyarrow, by Arrow as well (snappy and zstd). Arrow's default is one row group for up to a million rows, which is the
// hard case: memory must not grow with the group. Rows have a conversation, an answer, two hints, a solution of 400
// characters and a source. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '1000000' },
    dir: { type: 'string', default: '/tmp/guiderail-rows' },
    python: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  },
});

/** In a child: reads one file and prints what it took. */
async function measure(file) {
  const { problemsOf } = await import('../../dist/data/sources/source.js');
  const before = process.resourceUsage().maxRSS;
  let problems = 0;
  let rejected = 0;
  const start = performance.now();
  for await (const row of problemsOf({ file })) {
    if ('reason' in row) rejected++;
    else problems++;
  }
  const seconds = (performance.now() - start) / 1000;
  const peak = process.resourceUsage().maxRSS;
  process.stdout.write(JSON.stringify({ problems, rejected, seconds, beforeKiB: before, peakKiB: peak }));
}

const SENTENCE =
  'First the number of pens in a box is taken times the boxes, and then those given away are subtracted. ';

function row(i) {
  return {
    messages: [
      {
        role: 'user',
        content: `Ann has ${i} boxes of ${i % 97} pens and gives ${i % 13} away. How many are left?`,
      },
    ],
    answer: String(i * (i % 97) - (i % 13)),
    hints: ['Count the pens in all boxes.', `Multiply ${i} by ${i % 97}, then subtract.`],
    solution: `${i}: ${SENTENCE.repeat(4)}`,
    source: `math/pens/${i % 10}`,
  };
}

async function writeSnappy(path, count) {
  const { fileWriter, parquetWriteRows } = await import('hyparquet-writer');
  const text = (name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' });
  const list = (name, ...element) => [
    { name, converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
  const message = { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 };
  await parquetWriteRows({
    writer: fileWriter(path),
    rows: (function* () {
      for (let i = 0; i < count; i++) yield row(i);
    })(),
    columns: Object.keys(row(0)).map((name) => ({ name })),
    schema: [
      { name: 'root', num_children: 5 },
      ...list('messages', message, text('role'), text('content')),
      text('answer'),
      ...list('hints', text('element')),
      text('solution'),
      text('source'),
    ],
    rowGroupSize: 100_000,
  });
}

const ARROW = `
import sys, pyarrow as pa, pyarrow.parquet as pq
path, count, codec = sys.argv[1], int(sys.argv[2]), sys.argv[3]
message = pa.struct([("role", pa.string()), ("content", pa.string())])
schema = pa.schema([("messages", pa.list_(message)), ("answer", pa.string()), ("hints", pa.list_(pa.string())),
                    ("solution", pa.string()), ("source", pa.string())])
sentence = ${JSON.stringify(SENTENCE)} * 4
def row(i):
    return {"messages": [{"role": "user", "content": f"Ann has {i} boxes of {i % 97} pens and gives {i % 13} away. How many are left?"}],
            "answer": str(i * (i % 97) - i % 13), "hints": ["Count the pens in all boxes.", f"Multiply {i} by {i % 97}, then subtract."],
            "solution": f"{i}: {sentence}", "source": f"math/pens/{i % 10}"}
batches = [pa.RecordBatch.from_pylist([row(i) for i in range(s, min(s + 50000, count))], schema=schema) for s in range(0, count, 50000)]
pq.write_table(pa.Table.from_batches(batches), path, compression=codec)
`;

async function files(count) {
  mkdirSync(values.dir, { recursive: true });
  const made = [];
  const own = join(values.dir, `hyparquet-snappy-${count}.parquet`);
  if (!existsSync(own)) await writeSnappy(own, count);
  made.push(['hyparquet-writer, snappy, groups of 100,000', own]);
  for (const codec of values.python === undefined ? [] : ['snappy', 'zstd']) {
    const path = join(values.dir, `arrow-${codec}-${count}.parquet`);
    const args = ['-c', ARROW, path, String(count), codec];
    if (
      !existsSync(path) &&
      spawnSync(values.python, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
    ) {
      throw new Error(`pyarrow did not write ${path}.`);
    }
    made.push([`Arrow, ${codec}, one group`, path]);
  }
  return made;
}

if (positionals[0] !== undefined) {
  await measure(positionals[0]);
} else {
  const count = Number(values.rows);
  process.stdout.write(
    '| file | MiB | problems | left out | rows/s, rounds | peak of the process, MiB |\n| --- | --- | --- | --- | --- | --- |\n',
  );
  for (const [name, path] of await files(count)) {
    const runs = Array.from({ length: Number(values.rounds) }, () => {
      const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), path], { encoding: 'utf8' });
      if (child.status !== 0) throw new Error(child.stderr);
      return JSON.parse(child.stdout);
    });
    const [{ problems, rejected }] = runs;
    const rates = runs.map(({ seconds }) => Math.round(count / seconds).toLocaleString('en-US')).join(' · ');
    const peak = Math.max(...runs.map(({ peakKiB }) => peakKiB)) / 1024;
    const size = statSync(path).size / 2 ** 20;
    process.stdout.write(
      `| ${name} | ${size.toFixed(1)} | ${problems} | ${rejected} | ${rates} | ${Math.round(peak)} |\n`,
    );
  }
}
