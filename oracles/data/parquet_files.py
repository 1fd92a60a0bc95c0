"""Small parquet files as Arrow writes them, and the rows they hold, for src/data/sources/parquet.test.ts.

    python oracles/data/parquet_files.py          # pyarrow 26.0.1
writes oracles/golden/parquet/*.parquet and rows.json. Pages are tiny, so that lists of messages lie across pages.
"""

import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

assert pa.__version__ == "26.0.1", pa.__version__

OUT = pathlib.Path(__file__).parent.parent / "golden" / "parquet"
ROWS = 60


def row(i):
    turns = [{"role": "user", "content": f"How much is {i} + {i}?" + " Really?" * (i % 5)}]
    if i % 7 == 3:
        turns = [{"role": "system", "content": "Be brief."}, *turns]
    return {
        "prompt": turns,
        "answer": str(2 * i),
        "hints": None if i % 4 == 0 else [f"double {i}"] * (i % 4 - 1),
        "source": "math/sums" if i % 2 else None,
        "level": i * 10**15 if i % 3 else None,
        "share": i / 8,
        "easy": i % 2 == 0,
        "extra": {"index": i, "split": {"name": "train" if i < 30 else "test"}},
    }


message = pa.struct([("role", pa.string()), ("content", pa.string())])
SCHEMA = pa.schema(
    [
        ("prompt", pa.list_(message)),
        ("answer", pa.string()),
        ("hints", pa.list_(pa.string())),
        ("source", pa.string()),
        ("level", pa.int64()),
        ("share", pa.float64()),
        ("easy", pa.bool_()),
        ("extra", pa.struct([("index", pa.int32()), ("split", pa.struct([("name", pa.string())]))])),
    ]
)
FILES = {
    "snappy": dict(compression="snappy"),
    "gzip": dict(compression="gzip", row_group_size=25),
    "zstd": dict(compression="zstd", use_dictionary=False),
    "brotli": dict(compression="brotli", data_page_version="2.0"),
    "lz4": dict(compression="lz4", data_page_version="2.0", row_group_size=13),
    "none": dict(compression="none", write_page_checksum=True, row_group_size=20),
}

rows = [row(i) for i in range(ROWS)]
table = pa.Table.from_pylist(rows, schema=SCHEMA)
OUT.mkdir(parents=True, exist_ok=True)
for name, options in FILES.items():
    pq.write_table(table, OUT / f"{name}.parquet", data_page_size=200, write_batch_size=4, **options)
for r in rows:  # what a double cannot hold is text, as everywhere in guiderail
    if r["level"] is not None and r["level"] > 2**53 - 1:
        r["level"] = str(r["level"])
(OUT / "rows.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")
