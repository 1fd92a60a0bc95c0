// How many draws give a group with contrast under each order of problems, where no problem's pass rate moves: 2,000
// problems whose pass rates are u-shaped (Beta(0.3, 0.3): most are nearly always or nearly never solved), groups of 8.
// Nothing is trained; it shows what an order spends its rollouts on. Prints a table.
//
//   npm run build && node bench/data/order.mjs
import { orderOf } from '../../dist/data/order/order.js';
import { PassRates } from '../../dist/data/order/pass-rates.js';
import { byPassRate, shuffled } from '../../dist/data/order/walks.js';
import { seedOf, UniformStream } from '../../dist/random.js';

const PROBLEMS = 2000;
const K = 8;
const DRAWS_OF_A_STEP = 64;
const STEPS = 500;

const draws = new UniformStream(seedOf(1, 'bench-order'));
/** Jöhnk's way to a Beta variate, for parameters up to 1. */
function beta(a, b) {
  for (;;) {
    const x = draws.next() ** (1 / a);
    const y = draws.next() ** (1 / b);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}
const problems = Array.from({ length: PROBLEMS }, (_, index) => ({ id: `p${index}` }));
const rateOf = new Map(problems.map(({ id }) => [id, beta(0.3, 0.3)]));

function simulate(walk, rates) {
  const order = orderOf([{ walk, weight: 1 }], rates);
  const responses = new UniformStream(seedOf(2, 'bench-order'));
  const perQuarter = [0, 0, 0, 0];
  const seen = new Set();
  let cursors = [];
  for (let step = 0; step < STEPS; step++) {
    const from = step * DRAWS_OF_A_STEP;
    const reading = order.from(from, cursors, rates ?? undefined);
    const drawn = Array.from({ length: DRAWS_OF_A_STEP }, (_, index) => reading.problemAt(from + index).id);
    cursors = reading.cursorsAt(from + DRAWS_OF_A_STEP);
    for (const id of drawn) {
      seen.add(id);
      let correct = 0;
      for (let sample = 0; sample < K; sample++) if (responses.next() < rateOf.get(id)) correct++;
      if (correct > 0 && correct < K) perQuarter[Math.floor((4 * step) / STEPS)]++;
      rates?.observe(id, { plainCorrect: correct, plainEvidence: K, guidedCorrect: 0 });
    }
  }
  const each = (STEPS / 4) * DRAWS_OF_A_STEP;
  return { seen: seen.size, shares: perQuarter.map((count) => (count / each).toFixed(2)) };
}

const orders = { shuffle: [shuffled(problems, { run: 3 }), null] };
for (const [target, floor] of [
  [0.5, 0.3],
  [0.5, 0.1],
  [0.5, 0.02],
  [0.25, 0.1],
]) {
  orders[`passRate, target ${target}, floor ${floor}`] = [
    byPassRate(problems, { run: 3 }, { target, floor }),
    new PassRates(),
  ];
}
process.stdout.write(
  '| order | with contrast, by quarter of 32,000 draws | problems seen |\n| --- | --- | --- |\n',
);
for (const [name, [walk, rates]] of Object.entries(orders)) {
  const { seen, shares } = simulate(walk, rates);
  process.stdout.write(`| ${name} | ${shares.join(', ')} | ${seen} |\n`);
}
