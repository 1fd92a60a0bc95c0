// Problems as an argument of a command: the path of a file of any format, hub:owner/name[config]/split@revision, or
// dataset:NAME/SPLIT. It knows nothing of reading them.
import { resolve } from 'node:path';
import { hubAccessFrom, type HubAccess, type HubProgress } from '../data/sources/hub.ts';
import { parseSource, type RowSource } from '../data/sources/source-config.ts';
import type { CommandIO } from './command-io.ts';
import type { Progress } from './progress.ts';

/** For the help of commands. */
export const PROBLEMS =
  'problems: a file (.jsonl, .json, .csv, .tsv, .parquet), hub:owner/name[config]/split, or dataset:name/split';

/** The source that an argument names. */
export function sourceOf(io: CommandIO, text: string, limit?: number): RowSource {
  const source = parseSource(text);
  const from =
    'hub' in source || source.file === undefined ? source : { ...source, file: resolve(io.cwd, source.file) };
  return limit === undefined ? from : { ...from, limit };
}

const MIB = 2 ** 20;

/** How a command reaches the hub: as its environment says, with what arrives as progress. */
export function hubFor(io: CommandIO, progress: Progress, signal?: AbortSignal): HubAccess {
  const started = performance.now();
  const onProgress = ({ file, bytes, totalBytes }: HubProgress) =>
    progress.update({
      label: 'fetching',
      step: Math.floor(bytes / MIB),
      totalSteps: Math.ceil(totalBytes / MIB),
      unit: 'MiB',
      startStep: 0,
      seconds: (performance.now() - started) / 1000,
      phase: file,
      figures: {},
    });
  return { ...hubAccessFrom(io.env), signal, onProgress };
}
