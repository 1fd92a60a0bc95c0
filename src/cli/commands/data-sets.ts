// guiderail data sets: which data sets a recipe can name, and what is to be known of one.
import { Command } from 'commander';
import { DATASETS, findDataset, type DatasetEntry } from '../../data/registry/registry.ts';
import type { CommandIO } from '../command-io.ts';

export function dataSetsCommand(io: CommandIO): Command {
  return new Command('sets')
    .description('the data sets that a recipe can name')
    .argument('[name]', 'all that is known of one')
    .action((name?: string) => {
      io.stdout.write(name === undefined ? list() : details(findDataset(name)));
    });
}

function list(): string {
  const rows = DATASETS.map(({ name, task, verifier, hub, schema }) => [
    ...[name, task, verifier, hubOf(hub), Object.keys(hub.splits).join(' ')],
    'seen' in schema ? 'seen' : 'unverified',
  ]);
  const table = [['name', 'task', 'verifier', 'hub', 'splits', 'schema'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function details({ name, title, task, verifier, hub, licence, source, ...rest }: DatasetEntry): string {
  const { schema, columns, note } = rest;
  const fields: [string, string][] = [
    ['name', name],
    ['what', title],
    ['task', task],
    ['verifier', verifier],
    ['hub', hubOf(hub)],
    ['splits', splitsOf(hub.splits)],
    ['licence', licence ?? 'not seen'],
    ['source', source],
    ['columns', columns.join(', ')],
    ['schema', 'seen' in schema ? `seen at ${schema.seen}` : `unverified: ${schema.unverified}`],
    ...(note === undefined ? [] : [['note', note] as [string, string]]),
  ];
  return fields.map(([field, value]) => `${field.padEnd(8)}  ${value}\n`).join('');
}

/** owner/name[config] */
export function hubOf({ repo, config }: DatasetEntry['hub']): string {
  return config === undefined ? repo : `${repo}[${config}]`;
}

/** Names here, with the hub's where it has another. */
export function splitsOf(splits: DatasetEntry['hub']['splits']): string {
  const names = Object.entries(splits).map(([here, there]) => (here === there ? here : `${here} (${there})`));
  return names.join(', ');
}
