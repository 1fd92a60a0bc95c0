// What is a leak and what is none, by kind of answer. The verifiers are the real ones, without their pool.
import { describe, expect, it } from 'vitest';
import { problemId } from '../../data/problems.ts';
import type { Problem } from '../../types.ts';
import { verifierFor } from '../../verifiers/registry.ts';
import { HintChecker, LONGEST_HINT, type HintCheckOptions } from './check.ts';

function problem(
  text: string,
  answer: string,
  hints: readonly string[],
  verifier = 'exact',
  solution?: string,
): Problem {
  const messages = [{ role: 'user' as const, content: text }];
  const id = problemId(messages, answer);
  return {
    id,
    messages,
    answer,
    verifier,
    hints,
    source: 'test',
    ...(solution === undefined ? {} : { solution }),
  };
}
const check = (one: Problem, options: HintCheckOptions = {}, level = 1) =>
  new HintChecker(verifierFor, options).checkHint(one, level);
const kindOf = async (text: string, answer: string, hint: string, verifier?: string) =>
  (await check(problem(text, answer, [hint], verifier))).kind;

const EGGS = 'Janet’s ducks lay 60 eggs a day. She eats 18 of them. How many are left?';
const TRIPS = 'A bus makes 5 trips with 9 children and then picks up some. How many trips are there?';

describe('a number as the answer', () => {
  it.each([
    ['digits', 'Think of 42 eggs.'],
    ['separators and a sign of currency', 'You will have $42.00 at the end.'],
    ['words', 'She keeps forty-two of them.'],
    ['words with a dozen', 'Three and a half dozen is what remains.'],
    ['a worked equation', 'Compute 60 - 18 = 42 first.'],
    ['bold type', 'The count is **42**.'],
    ['a zero-width space inside', 'Count up to 4\u200b2 eggs.'],
    ['full-width digits', 'Count up to ４２ eggs.'],
    ['LaTeX', 'It is $\\frac{84}{2}$ eggs that remain.'],
    ['an operation on numbers the problem does not have', 'Compute 6 × 7 and you are done.'],
    ['such an operation in words', 'What remains is half of 84.'],
    ['a difference in words', 'It is two less than 44.'],
    ['a value of an unknown', 'Let x be what is left; then x = 42.'],
    ['neighbours', 'The count lies strictly between 41 and 43.'],
    ['a box', 'Write \\boxed{42} at the end.'],
    ['the final marker', 'Subtract. #### 42'],
    ['a percent of', 'Take 50% of 84 eggs.'],
  ])('is found in %s', async (_, hint) => {
    expect(await kindOf(EGGS, '42', hint)).toBe('answerLeak');
  });

  it.each([
    ['the operation on the numbers of the problem', 'Subtract 18 from 60.'],
    ['the same in signs', 'Compute 60 - 18.'],
    ['a list item', '1. What does she eat?\n2. What is left?'],
    ['another number', 'It is more than 40, and 142 is too much.'],
  ])('is not seen in %s', async (_, hint) => {
    expect(await kindOf(EGGS, '42', hint)).toBe('ok');
  });

  it.each([
    ['the number that the problem gives', 'Note the 5 trips at the start.', 'ok'],
    ['the same in words', 'There are five trips at the start.', 'ok'],
    ['the same stated as the answer', 'So the answer is 5.', 'answerLeak'],
    ['the same after a calculation', 'Note that 9 - 4 = 5.', 'answerLeak'],
    ['the same as what comes out', 'You should get five in the end.', 'answerLeak'],
  ])('with %s', async (_, hint, kind) => {
    expect(await kindOf(TRIPS, '5', hint)).toBe(kind);
  });

  it.each([
    ['numbering', '1. Read it.\n2. Split it.\n3. Add it up.', 'ok'],
    ['a count of steps', 'You can do this in three steps.', 'ok'],
    ['a label', 'In step 3 you add the rest.', 'ok'],
    ['a count of what is asked for', 'He ends up with 3 boxes.', 'answerLeak'],
    ['a conclusion', 'So there are three.', 'answerLeak'],
    ['a verdict behind it', '3 is the correct answer.', 'answerLeak'],
  ])('that is small, with %s', async (_, hint, kind) => {
    expect(await kindOf('Bob packs 24 pens, 8 to a box. How many boxes?', '3', hint)).toBe(kind);
  });

  it('shows the place in the hint as it was written', async () => {
    const hint = 'First think.\nThen **forty-\u200btwo** it is.';
    const { evidence } = await check(problem(EGGS, '42', [hint]));
    expect(evidence).toEqual({ start: 20, end: 30, text: 'forty-\u200btwo' });
  });
});

describe('other mathematics', () => {
  it.each([
    ['\\frac{3}{4}', 'The chance is 0.75 here.'],
    ['\\frac{3}{4}', 'It comes to three quarters.'],
    ['\\frac{3}{4}', 'It is 75% of all draws.'],
    ['0.75', 'The ratio is 3/4 of them.'],
    ['\\frac{7}{3}', 'You get 2 1/3 at last.'],
    ['2\\sqrt{3}', 'The side is √12 long.'],
    ['2\\sqrt{3}', 'Simplify to $2\\sqrt{3}$ then.'],
    ['[1, 4)', 'So 1 ≤ x < 4 holds.'],
    ['\\{2, 3\\}', 'The roots are 2 and 3.'],
    ['2, 3', 'One root is 3, and the other turns out to be 2.'],
    ['(3, 5)', 'Here x = 3 and y = 5.'],
    ['x^2 - 1', 'It expands to (x-1)(x+1).'],
    ['\\frac{\\pi}{4}', 'The angle is pi/4.'],
  ])('%s is found in %j', async (gold, hint) => {
    expect(await kindOf('What comes out of this old problem?', gold, hint, 'math')).toBe('answerLeak');
  });

  it('an expression of the problem in another form is a step, in the form of the answer it is a leak', async () => {
    const text = 'Expand (x - 1)(x + 1).';
    expect(await kindOf(text, 'x^2 - 1', 'Look at (x-1)(x+1) again.', 'math')).toBe('ok');
    expect(await kindOf(text, 'x^2 - 1', 'Write it as x·x + x - x - 1 first.', 'math')).toBe('ok');
    expect(await kindOf(text, 'x^2 - 1', 'It becomes x^2 - 1.', 'math')).toBe('answerLeak');
  });
});

describe('words as the answer', () => {
  it.each([
    [
      'Which organelle makes ATP?',
      'mitochondria',
      'The mitochondrion is the powerhouse, or Mitochondria.',
      'answerLeak',
    ],
    ['Which process is it?', 'photosynthesis', 'Plants do PHOTOSYNTHESIS.', 'answerLeak'],
    ['How does the price move?', 'decreases', 'The price is decreasing here.', 'answerLeak'],
    ['Who is older, Tom or Ann?', 'Tom', 'Compare what Tom and Ann say.', 'ok'],
    ['Who is older, Tom or Ann?', 'Tom', 'The answer is Tom.', 'answerLeak'],
    ['Who is older, Tom or Ann?', 'Tom', 'Tom is the oldest of them.', 'answerLeak'],
    ['Is 91 prime?', 'No', 'There is no need to try numbers above 9.', 'ok'],
    ['Is 91 prime?', 'No', 'No, because it has a factor.', 'answerLeak'],
    ['Is the claim right?', 'true', 'Check whether it is true for small cases.', 'ok'],
    ['Is the claim right?', 'true', 'The claim is true.', 'answerLeak'],
  ])('%s %s: %j is %s', async (text, gold, hint, kind) => {
    expect(await kindOf(text, gold, hint)).toBe(kind);
  });

  it.each([
    ['9.81 m/s^2', 'Things fall with 981 cm/s^2 there.', 'answerLeak'],
    ['9.81 m/s^2', 'Look at the 9.81 kg of mass.', 'ok'],
    ['25 °C', 'Convert 298.15 K.', 'answerLeak'],
    ['H2O', 'Its formula is H_2O as you know.', 'answerLeak'],
    ['2H2 + O2 -> 2H2O', 'Balanced it reads H2 + 1/2 O2 → H2O as usual.', 'answerLeak'],
    ['2H2 + O2 -> 2H2O', 'Balance the oxygen first.', 'ok'],
  ])('of science, %s: %j is %s', async (gold, hint, kind) => {
    expect(await kindOf('What is it?', gold, hint, 'science')).toBe(kind);
  });
});

const CAPITAL = 'Which city is the capital of France?\nA) Lyon\nB) Paris\nC) Nice\nD) Lille';

describe('the answer in another form', () => {
  const POOL =
    'A pool of 500 cubic metres is filled at 40 cubic metres per hour. How many hours does it take?';
  const FILM = 'A film of 95 minutes begins at 19:50. When does it end?';
  it.each([
    ['another unit', POOL, '12.5', 'Filling takes 750 minutes.'],
    ['two units', POOL, '12.5', 'Filling takes 12 h 30 min.'],
    ['units in words', POOL, '12.5', 'Seven hundred and fifty minutes pass.'],
    ['a fraction', POOL, '12.5', 'Volume over rate gives 25/2.'],
    ['a clock of twelve hours', FILM, '21:25', 'It ends at 9:25 pm.'],
    ['words for a time', FILM, '21:25', 'It ends at twenty-five past nine.'],
    ['digits for a month', 'Which day is the 100th?', 'April 10', 'It is 04/10.'],
    ['an ordinal', 'Which day is the 100th?', 'April 10', 'The tenth of April is meant.'],
    ['a formula in words', 'What is the distance?', '3\\sqrt{5}', 'It is three root five long.'],
    ['a quotient in words', 'What is the inverse?', '\\frac{x+4}{3}', 'Take x plus four, all over three.'],
    [
      'a power in words',
      'Write it shortly.',
      '7.2 \\times 10^{-5}',
      'Seven point two times ten to the minus five.',
    ],
    ['odds', 'How likely is it?', '\\frac{7}{8}', 'The chance is seven in eight.'],
    ['a bound in words', 'Solve it.', 'x \\ge 5', 'Take every number from five upwards.'],
    [
      'a matrix of a program',
      'Invert it.',
      '\\begin{pmatrix}3&-1\\\\-5&2\\end{pmatrix}',
      'Write [[3, -1], [-5, 2]] at last.',
    ],
    ['terms in another order', 'Expand (x+3)(x-5).', 'x^2 - 2x - 15', 'It reads $-15 + x^2 - 2x$ then.'],
    [
      'words in an equation',
      'Each of 8 lessons has 3 breaks of 24 minutes. How many breaks?',
      '24',
      '8 lessons * 3 breaks per lesson = 24 breaks.',
    ],
    [
      'what is asked for',
      'Bags hold 6 sweets and she has 39. How many bags are full?',
      '6',
      'There are exactly 6 full bags.',
    ],
  ])('is found in %s', async (_, text, gold, hint) => {
    expect(await kindOf(text, gold, hint, 'math')).toBe('answerLeak');
  });

  it.each([
    [
      'a quantity of the problem in another unit',
      'How much candy is left after two weeks?',
      '14',
      'How much is eaten in 14 days?',
    ],
    [
      'the label of a period',
      'How much was there for each of 6 people?',
      '2',
      'How much was left after day 2?',
    ],
    ['a fraction to work with', 'What is the area?', '\\frac{1}{2}', 'Use half the base times the height.'],
    ['numbering inside a line', 'How many coins are left of 9?', '3', '1. Add. 2. Subtract. 3. Check.'],
  ])('is not seen in %s', async (_, text, gold, hint) => {
    expect(await kindOf(text, gold, hint, 'math')).toBe('ok');
  });

  it.each([
    [
      'vegetable',
      'Which is the odd one out: apple, pear, carrot, plum?',
      'carrot',
      'Apple, pear and plum belong together.',
    ],
    [
      'vegetable by its place',
      'Which is the odd one out: apple, pear, carrot, plum?',
      'carrot',
      'All but the third word are fruits.',
    ],
    ['process', 'By what do cells divide?', 'mitosis', 'The adjective is mitotic.'],
    ['word in pieces', 'How do plants make sugar?', 'photosynthesis', 'Join photo-synthesis.'],
  ])('is found for a %s', async (_, text, gold, hint) => {
    expect(await kindOf(text, gold, hint)).toBe('answerLeak');
  });
});

describe('options', () => {
  it.each([
    ['Option B looks right.', 'optionLeak'],
    ['The answer is (B).', 'optionLeak'],
    ['Choose the second one.', 'optionLeak'],
    ['It is the second option in the list.', 'optionLeak'],
    ['Paris lies on the Seine.', 'optionLeak'],
    ['It is neither A, C nor D.', 'optionLeak'],
    ['b, as you know', 'optionLeak'],
    ['It is the letter between A and C.', 'optionLeak'],
    ['It is not the last but one or the last, nor the first.', 'ok'],
    ['Lyon, Nice and Lille have no ministries.', 'optionLeak'],
    ['Pick (B) and say why the others fail.', 'optionLeak'],
    ['Rule out Lyon, Nice and Lille.', 'optionLeak'],
    ['Lyon and Nice are large too, but Paris is the answer.', 'optionLeak'],
    ['Compare options A and B by their history.', 'ok'],
    ['Think of the seat of government.', 'ok'],
    ['A capital has ministries. I would look for them.', 'ok'],
    ['Rule out Lyon first.', 'ok'],
  ])('%j is %s', async (hint, kind) => {
    expect(await kindOf(CAPITAL, 'B', hint, 'math')).toBe(kind);
    const choices = ['Lyon', 'Paris', 'Nice', 'Lille'];
    expect(await kindOf('Which city is it?', JSON.stringify({ value: 'B', choices }), hint, 'science')).toBe(
      kind,
    );
  });

  it('with numbers for texts are found by what equals them', async () => {
    const text = 'How long is it? (A) 12 cm (B) 0.42 m (C) 7 cm';
    expect(await kindOf(text, 'B', 'It measures 0.42 m.', 'math')).toBe('optionLeak');
    expect(await kindOf(text, 'B', 'Measure it with care.', 'math')).toBe('ok');
  });
});

const DOUBLE = JSON.stringify({
  language: 'javascript',
  style: 'function',
  entryPoint: 'double',
  tests: [
    { args: [2], returns: 4 },
    { args: [5], returns: 10 },
  ],
});

describe('code', () => {
  const solution = 'function double(n) {\n  const twice = n + n; // both\n  return twice;\n}';
  it.each([
    ['the program in a fence', 'Try:\n```js\nfunction double(n) { return 2 * n; }\n```', 'codeLeak'],
    ['another name', 'Try `const f = (n) => n * 2` at first.', 'codeLeak'],
    ['its body', 'All it takes is `return n + n;` inside.', 'codeLeak'],
    ['a program that fails', 'Begin with\n```js\nfunction double(n) { return n; }\n```', 'ok'],
    ['no program', 'Add the number to itself and return that.', 'ok'],
  ])('with %s', async (_, hint, kind) => {
    const one = problem('Write function double(n) { that doubles.', DOUBLE, [hint], 'code');
    expect((await check(one)).kind).toBe(kind);
  });

  it('that is the solution with other names and comments', async () => {
    const hint = 'Like so:\n```js\nfunction dbl(x) {\n  // here\n  const y = x + x;\n  return y;\n}\n```';
    const verdict = await check(problem('Double it.', DOUBLE, [hint], 'code', solution));
    expect(verdict).toMatchObject({
      kind: 'codeLeak',
      reason: expect.stringContaining('reference solution') as string,
    });
  });
});

describe('the hint as a text', () => {
  const solution =
    'We start by noticing that each duck lays one egg in the morning and then we subtract those which were eaten by the family.';
  it('that repeats the solution', async () => {
    const hint = `Hint: ${solution.slice(0, 100)}`;
    const verdict = await check(problem(EGGS, '42', [hint, 'Subtract what was eaten.'], 'exact', solution));
    expect(verdict).toMatchObject({ kind: 'solutionOverlap', evidence: { start: 6 } });
    const other = problem(EGGS, '42', [hint, 'Subtract what was eaten.'], 'exact', solution);
    expect((await check(other, {}, 2)).kind).toBe('ok');
    expect((await check(other, { maxOverlapWords: 50, maxOverlapShare: 1 })).kind).toBe('ok');
  });

  it.each([
    ['', 'empty', 'regenerate'],
    [' \n', 'empty', 'regenerate'],
    ['Think.', 'tooShort', 'regenerate'],
    ['word '.repeat(401), 'tooLong', 'regenerate'],
    ['x'.repeat(LONGEST_HINT + 1), 'tooLong', 'regenerate'],
    [EGGS, 'duplicate', 'regenerate'],
    ['Вычтите съеденные яйца из всех яиц.', 'language', 'regenerate'],
    [
      'Ziehe zuerst die Eier ab, die sie selbst gegessen hat, und überlege dann, was von den Eiern noch übrig bleibt, die am Morgen gelegt wurden.',
      'language',
      'regenerate',
    ],
  ])('%j', async (hint, kind, action) => {
    const text = `${EGGS} Explain how you find the number of eggs that she can take to the market.`;
    const own = kind === 'duplicate' ? text : hint;
    expect(await check(problem(text, '42', [own]))).toMatchObject({ kind, action });
  });

  it('that is the hint of another level', async () => {
    const one = problem(EGGS, '42', ['Subtract what is eaten.', '1. subtract what is eaten']);
    expect(await check(one, {}, 2)).toMatchObject({ kind: 'duplicate', action: 'drop' });
    expect((await check(one)).kind).toBe('ok');
  });

  it('is judged for whoever makes one', async () => {
    const checker = new HintChecker(verifierFor);
    const one = problem(EGGS, '42', ['Think of 42.']);
    expect(await checker.accepts(one, 'Subtract what is eaten.')).toEqual({
      ok: true,
      reason: 'Nothing was found.',
    });
    expect(await checker.accepts(one, 'It is 42.')).toMatchObject({ ok: false });
    expect(await checker.checkProblem({ ...one, hints: ['', 'Think of 42.'] })).toMatchObject([
      { level: 2, kind: 'answerLeak' },
    ]);
  });

  it('whose answer its verifier cannot read is not passed', async () => {
    const bad = JSON.stringify({ value: 3, tolerence: 1 });
    expect(await check(problem('How much is it?', bad, ['Look at 7 of them.'], 'science'))).toMatchObject({
      kind: 'unchecked',
      action: 'look',
    });
    expect((await check(problem('Q?', 'no task', ['Try `return n * 2` here.'], 'code'))).kind).toBe(
      'unchecked',
    );
    expect((await check(problem('Q?', '5', ['Look at 7 of them.'], 'nothing'))).kind).toBe('unchecked');
  });
});

describe('hostile hints', () => {
  it.each([
    ['braces', '{'.repeat(15_000)],
    ['boxes', '\\boxed{'.repeat(2500)],
    ['brackets with commas', '(1,'.repeat(6000)],
    ['numbers', '1 2 3 4 '.repeat(2000)],
    ['operators', '1+'.repeat(8000)],
    ['words of numbers', 'twenty two hundred '.repeat(900)],
    ['stars', '*'.repeat(19_000)],
    ['cues', 'the answer is '.repeat(1300)],
    ['letters of options', 'A B C D '.repeat(2000)],
    ['backticks', '` return '.repeat(2000)],
    ['dollars', '$x=$'.repeat(4000)],
  ])('of %s end', async (_, hint) => {
    const { kind } = await check(problem(CAPITAL, '42', [hint], 'math'));
    expect(['tooLong', 'tooShort', 'ok', 'unchecked', 'language', 'answerLeak']).toContain(kind);
    await check(problem(CAPITAL, 'B', [hint], 'math'));
    await check(problem('Double it.', DOUBLE, [hint.slice(0, 3000)], 'code'));
  });
});

describe('rarer ways to say a value', () => {
  const QUESTION = 'What comes out of this old problem?';
  it.each([
    ['0.0025', 'A quarter of one percent is charged.', 'A quarter of the amount is charged.'],
    ['13', "A baker's dozen, as they say.", 'The baker begins with a dozen.'],
    [
      '-\\frac{5}{4}',
      'It falls by one and a quarter with each step.',
      'It rises by one and a quarter first.',
    ],
    ['\\frac{7}{9}', '7 of the 9 outcomes are good.', '2 of the 9 outcomes are bad.'],
    ['22 - 7i', 'Real part 22, imaginary part -7.', 'The real part is 12 + 10.'],
  ])('%s is found in %j and not in %j', async (gold, leak, nearMiss) => {
    expect(await kindOf(QUESTION, gold, leak, 'math')).toBe('answerLeak');
    expect(await kindOf(QUESTION, gold, nearMiss, 'math')).toBe('ok');
  });

  it('a share that the problem gives is none', async () => {
    const text = 'A test hits 7 of the 9 marks. Which fraction is hit?';
    expect(await kindOf(text, '\\frac{7}{9}', 'Start from 7 of the 9 marks.', 'math')).toBe('ok');
  });

  it('a count of something else than the unit of the answer is none', async () => {
    const text = 'How many moles of water are in 54 g of it?';
    expect(await kindOf(text, '3 mol', 'Three atoms make up one molecule.', 'science')).toBe('ok');
    expect(await kindOf(text, '3 mol', 'You hold three moles in your hand.', 'science')).toBe('answerLeak');
  });

  it('an option is pointed at by its place from the top, of the list, or from the bottom', async () => {
    const text = 'Which gas do plants take up?\nA) Oxygen\nB) Nitrogen\nC) Carbon dioxide\nD) Helium';
    for (const hint of [
      'Third from the top, you see.',
      'The third of the options.',
      'The second from the bottom.',
    ])
      expect(await kindOf(text, 'C', hint, 'science')).toBe('optionLeak');
    for (const hint of ['Second from the top, you see.', 'Read all of the options from the top.'])
      expect(await kindOf(text, 'C', hint, 'science')).toBe('ok');
  });
});
