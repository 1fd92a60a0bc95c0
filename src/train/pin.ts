// Problems of the hub fixed to a commit before a run begins: what run.json records is what was read, and a run that is
// resumed reads it again, whatever its branch has become. It knows nothing of files.
import type { HubAccess } from '../data/sources/hub.ts';
import { problemSourceSchema, type ProblemSource } from '../data/sources/source-config.ts';
import { pinned, sameButRevision } from '../data/sources/source.ts';
import { readRunInfo } from '../runs/run-directory.ts';
import type { TrainRecipe } from './config.ts';

/** @param resumed directory of a run to go on with, whose commits hold where the recipe names no other */
export async function pinnedProblems(
  recipe: TrainRecipe,
  hub: HubAccess,
  resumed: string | null,
): Promise<TrainRecipe> {
  const { problems } = recipe;
  const before = resumed === null ? null : await problemsOfRun(resumed);
  const { train } = problems;
  const pinnedTrain = Array.isArray(train)
    ? await Promise.all(
        train.map(async (one, index) => ({
          ...one,
          from: await pinnedAs(
            one.from,
            Array.isArray(before?.train) ? before.train[index]?.from : null,
            hub,
          ),
        })),
      )
    : await pinnedAs(train, before?.train, hub);
  const heldOut = problems.heldOut && (await pinnedAs(problems.heldOut, before?.heldOut, hub));
  return { ...recipe, problems: { ...problems, train: pinnedTrain, ...(heldOut && { heldOut }) } };
}

/** With the commit of `before` where that is the same source and this one names no revision. */
async function pinnedAs(source: ProblemSource, before: unknown, hub: HubAccess): Promise<ProblemSource> {
  const earlier = problemSourceSchema.safeParse(before);
  if (earlier.success && !namesRevision(source) && sameButRevision(source, earlier.data)) {
    if ('hub' in source && 'hub' in earlier.data) return { ...source, hub: earlier.data.hub };
    if ('dataset' in source && 'dataset' in earlier.data && earlier.data.revision !== undefined) {
      return { ...source, revision: earlier.data.revision };
    }
  }
  return pinned(source, hub);
}

function namesRevision(source: ProblemSource): boolean {
  return 'hub' in source ? source.hub.includes('@') : 'dataset' in source && source.revision !== undefined;
}

/** As run.json has them; null where it has none that can be read. */
async function problemsOfRun(dir: string): Promise<TrainRecipe['problems'] | null> {
  const { config } = await readRunInfo(dir);
  return (config as Partial<TrainRecipe>).problems ?? null;
}
