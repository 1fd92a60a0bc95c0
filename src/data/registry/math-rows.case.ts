// Rows of the mathematics entries.
import type { EntryCase } from './entry.case.ts';

const user = (content: string) => ({ role: 'user', content });
const PLAIN = 'Add one third and one sixth.';
const HINTED = `${PLAIN}\n\nHint: bring both to sixths.`;

export const MATH_CASES: Readonly<Record<string, EntryCase>> = {
  gsm8k: {
    good: [
      {
        raw: {
          question: 'A crate holds 12 jars. How many jars do 100 crates hold?',
          answer: 'It holds 12*100=<<12*100=1200>>1200 jars.\n#### 1,200',
        },
        wrong: '#### 120',
        problem: {
          messages: [user('A crate holds 12 jars. How many jars do 100 crates hold?')],
          answer: '1200',
          solution: 'It holds 12*100=1200 jars.\n#### 1,200',
          hints: [],
          source: 'math/gsm8k',
        },
      },
    ],
    bad: [
      { change: { answer: 'It holds 12.' }, field: 'answer', reason: /number after ####/ },
      { change: { answer: 'Some. #### many' }, field: 'answer', reason: /number after ####/ },
      { change: { question: ' ' }, field: 'question', reason: /must not be empty/ },
      { change: { question: undefined }, field: 'question', reason: /expected string/ },
    ],
  },
  'gsm8k-socratic': {
    good: [
      {
        raw: {
          question: 'Tim reads 3 pages a day. How many in two weeks?',
          answer:
            'How many days are two weeks? ** Two weeks are 2*7=<<2*7=14>>14 days.\nHow many pages does he read? ** 3*14=<<3*14=42>>42.\n#### 42',
        },
        wrong: '#### 14',
        problem: {
          answer: '42',
          hints: ['1. How many days are two weeks?\n2. How many pages does he read?'],
          solution: 'Two weeks are 2*7=14 days.\n3*14=42.\n#### 42',
          source: 'math/gsm8k/socratic',
        },
      },
    ],
    bad: [
      { change: { answer: '3*14 = 42\n#### 42' }, field: 'answer', reason: /sub-questions before \*\*/ },
      { change: { answer: 'How many? ** 42' }, field: 'answer', reason: /number after ####/ },
    ],
  },
  math: {
    good: [
      {
        raw: {
          problem: 'What is the chance of two heads in two throws?',
          level: 'Level 1',
          type: 'Counting & Probability',
          solution: 'Each is $\\frac12$, so it is $\\boxed{\\frac{1}{4}}$.',
        },
        wrong: '\\boxed{\\frac{1}{2}}',
        problem: { answer: '\\frac{1}{4}', source: 'math/math/counting-and-probability' },
      },
      {
        raw: {
          problem: 'What is 3 + 4?',
          level: 'Level 1',
          type: 'Prealgebra',
          solution: 'It is $\\boxed 7$.',
        },
        wrong: '\\boxed{8}',
        problem: { answer: '7', source: 'math/math/prealgebra' },
      },
    ],
    bad: [
      { change: { solution: 'It is a quarter.' }, field: 'solution', reason: /answer in \\boxed/ },
      { change: { problem: 5 }, field: 'problem', reason: /expected string/ },
    ],
  },
  math500: {
    good: [
      {
        raw: {
          problem: 'Convert $(0, 3)$ to polar coordinates.',
          solution: 'The radius is 3, the angle $\\frac{\\pi}{2}$.',
          answer: '\\left( 3, \\frac{\\pi}{2} \\right)',
          subject: 'Precalculus',
          level: 2,
          unique_id: 'test/precalculus/1.json',
        },
        wrong: '\\boxed{(3, \\pi)}',
        problem: { source: 'math/math500/precalculus' },
      },
    ],
    bad: [
      { change: { answer: '' }, field: 'answer', reason: /must not be empty/ },
      { change: { answer: null }, field: 'answer', reason: /a text or a number/ },
    ],
  },
  aime24: {
    good: [
      {
        raw: {
          id: 60n,
          problem: 'Find the remainder.',
          solution: 'It is 73.',
          answer: '073',
          url: 'https://example.org',
          year: '2024',
        },
        wrong: '\\boxed{730}',
        problem: { answer: '073', source: 'math/aime24' },
      },
    ],
    bad: [{ change: { problem: undefined }, field: 'problem', reason: /expected string/ }],
  },
  aime25: {
    good: [
      {
        raw: { problem: 'Find the angle.', answer: '336^\\circ', id: '5' },
        wrong: '\\boxed{24^\\circ}',
        problem: { source: 'math/aime25' },
      },
      {
        raw: { problem: 'Find the sum.', answer: 70, id: '0' },
        wrong: '\\boxed{7}',
        problem: { answer: '70' },
      },
    ],
    bad: [{ change: { answer: ' ' }, field: 'answer', reason: /must not be empty/ }],
  },
  amc23: {
    good: [
      {
        raw: { id: 0, question: 'How far do they ride?', answer: 27.0, url: 'https://example.org' },
        wrong: '\\boxed{2.7}',
        problem: { answer: '27', source: 'math/amc23' },
      },
    ],
    bad: [
      { change: { question: '' }, field: 'question', reason: /must not be empty/ },
      { change: { answer: undefined }, field: 'answer', reason: /a text or a number/ },
    ],
  },
  olympiadbench: {
    good: [
      {
        raw: {
          id: 1606,
          question: 'Solve $x^2 = 3$.',
          solution: ['Take roots.', 'Or guess.'],
          final_answer: ['$\\sqrt{3}$, $-\\sqrt{3}$'],
          context: null,
          ...{ image_1: null, image_2: null, image_3: null, image_4: null, image_5: null },
          ...{ modality: 'Text-only', difficulty: 'Competition', is_multiple_answer: true, unit: null },
          ...{ answer_type: 'Numerical', error: null, question_type: 'Open-ended', subfield: 'Algebra' },
          ...{ subject: 'Math', language: 'English' },
        },
        wrong: '\\boxed{\\sqrt{3}}',
        problem: { solution: 'Take roots.', source: 'math/olympiadbench/algebra' },
      },
      {
        raw: {
          question: 'What is $T$?',
          solution: [],
          final_answer: ['$2$', '$5$'],
          context: 'Let $S = 2$.',
          image_1: null,
          subfield: 'Number Theory',
        },
        wrong: '\\boxed{2}',
        problem: { messages: [user('Let $S = 2$.\nWhat is $T$?')], answer: '$2$, $5$' },
      },
    ],
    bad: [
      { change: { final_answer: [] }, field: 'final_answer', reason: /it is a proof/ },
      { change: { final_answer: null }, field: 'final_answer', reason: /expected array/ },
      { change: { final_answer: ['1', ' '] }, field: 'final_answer.1', reason: /must not be empty/ },
      { change: { image_1: { bytes: new Uint8Array(1) } }, field: 'image_1', reason: /needs an image/ },
    ],
  },
  minerva: {
    good: [
      {
        raw: { question: 'How luminous is the star, in erg/s?', answer: '4.5e33' },
        wrong: '\\boxed{4.5 \\times 10^{32}}',
        problem: { answer: '4.5e33', source: 'math/minerva' },
      },
      {
        raw: { question: 'Give $x(t)$.', answer: 'x_{0} \\cos (\\omega t) + v \\sin (\\omega t)' },
        wrong: '\\boxed{x_{0} \\sin (\\omega t) + v \\cos (\\omega t)}',
        problem: {},
      },
    ],
    bad: [{ change: { answer: '' }, field: 'answer', reason: /must not be empty/ }],
  },
  'big-math': {
    good: [
      {
        raw: {
          problem: 'Half of 37?',
          answer: '18.5',
          source: 'orca_math',
          domain: ['Mathematics -> Prealgebra'],
          llama8b_solve_rate: 0.9,
        },
        wrong: '\\boxed{18}',
        problem: { source: 'math/big-math/orca_math' },
      },
    ],
    bad: [
      { change: { answer: [] }, field: 'answer', reason: /a text or a number/ },
      { change: { problem: null }, field: 'problem', reason: /expected string/ },
    ],
  },
  deepscaler: {
    good: [
      {
        raw: { problem: 'The remainder of 83 by 7?', solution: '', answer: '6' },
        wrong: '\\boxed{5}',
        problem: { source: 'math/deepscaler' },
      },
    ],
    bad: [{ change: { answer: '' }, field: 'answer', reason: /must not be empty/ }],
  },
  'dapo-math-17k': {
    good: [
      {
        raw: {
          data_source: 'math_dapo',
          prompt: [
            user(
              'Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\nFind $m + n$.\n\nGive one number.\n\nRemember to put your answer on its own line after "Answer:".',
            ),
          ],
          ability: 'MATH',
          reward_model: { ground_truth: '34', style: 'rule-lighteval/MATH_v2' },
          extra_info: { index: '9a9b6eb4' },
        },
        wrong: 'Answer: 43',
        problem: { messages: [user('Find $m + n$.\n\nGive one number.')], source: 'math/dapo-math-17k' },
      },
      {
        raw: { prompt: [user('Find $m$.')], reward_model: { ground_truth: '3', style: 'rule' } },
        wrong: 'Answer: 4',
        problem: { messages: [user('Find $m$.')] },
      },
    ],
    bad: [
      { change: { prompt: [] }, field: 'prompt', reason: /one message/ },
      { change: { prompt: 'Find' }, field: 'prompt', reason: /one message/ },
      { change: { reward_model: {} }, field: 'reward_model.ground_truth', reason: /a text or a number/ },
    ],
  },
  guide: {
    good: [
      {
        raw: {
          data_source: 'math/competition/fractions',
          prompt: [user(PLAIN)],
          hint: [user(HINTED)],
          cot: [{ role: 'system', content: 'Use this: 2/6 + 1/6.' }, user(PLAIN)],
          ref_prompt: null,
          ability: 'math',
          reward_model: { style: 'rule', ground_truth: ['\\frac{1}{2}'] },
          extra_info: { index: 4 },
        },
        wrong: '\\boxed{\\frac{1}{3}}',
        problem: {
          messages: [user(PLAIN)],
          answer: '\\frac{1}{2}',
          hints: ['Hint: bring both to sixths.', 'Use this: 2/6 + 1/6.'],
          source: 'math/competition/fractions',
        },
      },
      {
        raw: {
          data_source: 'math/competition/fractions',
          prompt: [user(PLAIN)],
          hint: null,
          reward_model: { style: 'rule', ground_truth: '0.5' },
        },
        wrong: '\\boxed{5}',
        problem: { hints: [] },
      },
    ],
    bad: [
      { change: { hint: [user(PLAIN)] }, field: 'hint', reason: /the prompt itself, without a hint/ },
      { change: { cot: [user(PLAIN)] }, field: 'cot', reason: /the prompt itself, without a hint/ },
      { change: { hint: null }, field: 'hint', reason: /is missing, and cot is there/ },
      { change: { prompt: [] }, field: 'prompt', reason: /must not be empty/ },
      {
        change: { reward_model: { ground_truth: ['1', '2'] } },
        field: 'reward_model.ground_truth',
        reason: /expected one answer/,
      },
    ],
  },
};
