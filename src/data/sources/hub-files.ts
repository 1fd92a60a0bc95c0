// Which files of a repository of the hub are a split of a data set: as its card says, or by their names. Pure: from
// paths and the card's text to paths.
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { DataError } from '../../errors.ts';
import { formatOf, type RowFormat } from './rows.ts';
import type { HubReference } from './source-config.ts';

/** Where the same rows are there in several formats. */
const PREFERRED: readonly RowFormat[] = ['parquet', 'jsonl', 'json', 'csv', 'tsv'];
/** Names of splits that a file may have (as the library `datasets` looks for them). */
const SPLIT_NAMES =
  /(?:^|[/._-])(train|training|test|testing|eval|evaluation|validation|valid|val|dev)(?=[/._-]|$)/i;

const paths = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const cardSchema = z.object({
  configs: z.array(
    z.object({
      config_name: z.string().default('default'),
      default: z.boolean().optional(),
      data_files: z.union([z.array(z.object({ split: z.string(), path: paths })), paths]).optional(),
    }),
  ),
});

/**
 * Paths of a split, in order.
 * @param all every path of the repository
 * @param card the text of its README.md
 * @throws DataError that says what there is
 */
export function filesOfSplit(all: readonly string[], card: string | null, wanted: HubReference): string[] {
  const data = all.filter((path) => formatOf(path) !== null && !/(^|\/)\./.test(path)).sort();
  return bestFormat(byCard(data, card, wanted) ?? byName(data, wanted));
}

/** null: the card does not say. */
function byCard(data: readonly string[], card: string | null, wanted: HubReference): string[] | null {
  const configs = configsOf(card);
  if (configs === null) return null;
  const names = configs.map(({ config_name: name }) => name);
  const config =
    wanted.config === null
      ? (configs.find(({ default: first }) => first === true) ??
        configs.find(({ config_name: name }) => name === 'default') ??
        (configs.length === 1 ? configs[0] : undefined))
      : configs.find(({ config_name: name }) => name === wanted.config);
  if (config === undefined) {
    throw new DataError(
      wanted.config === null
        ? `Expected a config, such as hub:${wanted.repo}[${names[0]}]/${wanted.split}; there are ${names.join(', ')}.`
        : `Expected one of the configs of hub:${wanted.repo} (${names.join(', ')}), got "${wanted.config}".`,
    );
  }
  const files = config.data_files;
  if (files === undefined) return null;
  const entries = files.map((file) => (typeof file === 'string' ? { split: 'train', path: [file] } : file));
  const patterns = entries.filter(({ split }) => split === wanted.split).flatMap(({ path }) => path);
  if (patterns.length === 0) {
    const splits = [...new Set(entries.map(({ split }) => split))];
    throw new DataError(
      `Expected a split of hub:${wanted.repo}[${config.config_name}], got "${wanted.split}"; there are ${splits.join(', ')}.`,
    );
  }
  const found = data.filter((path) => patterns.some((pattern) => globOf(pattern).test(path)));
  if (found.length > 0) return found;
  throw new DataError(
    `Expected ${patterns.join(', ')} in hub:${wanted.repo}, as its card says, but it has no such file that can be read; ` +
      'try @refs/convert/parquet.',
  );
}

function configsOf(card: string | null): z.output<typeof cardSchema>['configs'] | null {
  const matter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card ?? '')?.[1];
  if (matter === undefined) return null;
  try {
    const parsed = cardSchema.safeParse(parseDocument(matter).toJS({ maxAliasCount: 100 }));
    return parsed.success && parsed.data.configs.length > 0 ? parsed.data.configs : null;
  } catch {
    // A card that is no YAML says nothing; the names of the files do.
    return null;
  }
}

function byName(data: readonly string[], { repo, config, split }: HubReference): string[] {
  const within = (word: string) =>
    new RegExp(`(^|[/._-])${word.replaceAll(/[.+]/g, '\\$&')}(?=[/._-]|$)`, 'i');
  const ofConfig = config === null ? data : data.filter((path) => within(config).test(path));
  const found = ofConfig.filter((path) => within(split).test(path));
  // Files without the name of a split are all for training.
  const unnamed = split === 'train' ? ofConfig.filter((path) => !SPLIT_NAMES.test(path)) : [];
  const files = found.length > 0 ? found : unnamed;
  const folders = new Set(files.map((path) => path.slice(0, path.lastIndexOf('/') + 1)));
  if (files.length > 0 && folders.size === 1) return files;
  const shown = data.slice(0, 12).join(', ') + (data.length > 12 ? `, … (${data.length} files)` : '');
  throw new DataError(
    files.length === 0
      ? `Expected files of the split "${split}"${config === null ? '' : ` of the config "${config}"`} in hub:${repo}, but it has ${data.length === 0 ? 'no file of rows' : shown}; name another split, or try @refs/convert/parquet.`
      : `Expected the files of one config in hub:${repo}, but those of "${split}" lie in ${[...folders].join(', ')}; name one as hub:${repo}[config]/${split}.`,
  );
}

function bestFormat(files: readonly string[]): string[] {
  const format = PREFERRED.find((name) => files.some((path) => formatOf(path)!.format === name));
  return files.filter((path) => formatOf(path)!.format === format);
}

/** `*` within a folder, `**` across folders, `?` one character. */
function globOf(pattern: string): RegExp {
  const text = pattern.replace(/^\.\//, '').replaceAll(/\*\*\/?|\*|\?|[\\^$.|+()[\]{}]/g, (mark) => {
    if (mark === '*') return '[^/]*';
    if (mark === '?') return '[^/]';
    return mark.startsWith('**') ? '.*' : `\\${mark}`;
  });
  return new RegExp(`^${text}$`);
}
