// Rows of the science entries. None is a row of GPQA, whose authors ask that its questions are not published.
import type { EntryCase } from './entry.case.ts';

export const SCIENCE_CASES: Readonly<Record<string, EntryCase>> = {
  sciq: {
    good: [
      {
        raw: {
          question: 'Which planet is the largest?',
          ...{ distractor3: 'Mars', distractor1: 'Venus', distractor2: 'Saturn', correct_answer: 'Jupiter' },
          support: 'Jupiter outweighs all others together.',
        },
        wrong: '#### Saturn',
        problem: {
          messages: [
            {
              role: 'user',
              content: 'Which planet is the largest?\n\nA. Venus\nB. Saturn\nC. Jupiter\nD. Mars',
            },
          ],
          answer: '{"value":["C"],"choices":["Venus","Saturn","Jupiter","Mars"]}',
          solution: 'Jupiter outweighs all others together.',
          source: 'science/sciq',
        },
      },
    ],
    bad: [
      { change: { distractor2: '' }, field: 'distractor2', reason: /must not be empty/ },
      { change: { correct_answer: undefined }, field: 'correct_answer', reason: /expected string/ },
    ],
  },
  'gpqa-diamond': {
    good: [
      {
        raw: {
          Question: 'How many protons has the nucleus of an invented element called Four?',
          ...{ 'Correct Answer': '4\n', 'Incorrect Answer 1': '3', 'Incorrect Answer 2': '5' },
          ...{ 'Incorrect Answer 3': 'A', Explanation: 'Its name says so.', Subdomain: 'Invented' },
        },
        wrong: 'The answer is (E).',
        problem: { solution: 'Its name says so.', source: 'science/gpqa-diamond' },
      },
    ],
    bad: [
      { change: { 'Incorrect Answer 3': null }, field: 'Incorrect Answer 3', reason: /expected string/ },
      { change: { 'Correct Answer': ' ' }, field: 'Correct Answer', reason: /must not be empty/ },
    ],
  },
  'mmlu-pro': {
    good: [
      {
        raw: {
          question_id: 70n,
          question: 'Which letter is the tenth?',
          options: ['E', 'A', 'B', 'C', 'D', 'F', 'G', 'H', 'I', 'J'],
          answer: 'J',
          answer_index: 9n,
          cot_content: '',
          category: 'computer science',
          src: 'invented',
        },
        wrong: 'The answer is (I).',
        problem: {
          answer: '{"value":["J"],"choices":["E","A","B","C","D","F","G","H","I","J"]}',
          source: 'science/mmlu-pro/computer-science',
        },
      },
      {
        // The text of option A is the letter of another one.
        raw: {
          question: 'Which is a vowel?',
          options: ['E', 'B', 'C', 'N/A', 'N/A'],
          answer: 'A',
          answer_index: 0,
          category: 'other',
        },
        wrong: '#### C',
        problem: {
          messages: [{ role: 'user', content: 'Which is a vowel?\n\nA. E\nB. B\nC. C' }],
          answer: '{"value":["A"],"choices":["E","B","C"]}',
        },
      },
    ],
    bad: [
      { change: { answer: 'I' }, field: 'answer', reason: /is I, and answer_index says J/ },
      { change: { answer_index: 10 }, field: 'answer_index', reason: /is 10, and there are 10 options/ },
      { change: { answer_index: 1.5 }, field: 'answer_index', reason: /whole number/ },
      {
        change: { options: ['E'], answer: 'A', answer_index: 0 },
        field: 'options',
        reason: /has 1 options, and 2 to 26/,
      },
      {
        change: { options: ['E', '', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U'] },
        field: 'options',
        reason: /empty option/,
      },
    ],
  },
  scienceqa: {
    good: [
      {
        raw: {
          image: null,
          question: 'Which is colder?',
          choices: ['ice', 'steam'],
          answer: 0,
          hint: 'Both are water.',
          ...{ task: 'closed choice', grade: 'grade4', subject: 'natural science', topic: 'physics' },
          ...{ category: 'Heat', skill: 'Compare', lecture: 'Ice is frozen.', solution: 'So it is ice.' },
        },
        wrong: '#### B',
        problem: {
          messages: [{ role: 'user', content: 'Both are water.\n\nWhich is colder?\n\nA. ice\nB. steam' }],
          solution: 'Ice is frozen.\n\nSo it is ice.',
          source: 'science/scienceqa/physics',
        },
      },
    ],
    bad: [
      { change: { image: { bytes: [1], path: 'a.png' } }, field: 'image', reason: /needs an image/ },
      { change: { answer: 2 }, field: 'answer', reason: /is 2, and there are 2 choices/ },
      { change: { answer: '0' }, field: 'answer', reason: /whole number/ },
      { change: { choices: 'ice' }, field: 'choices', reason: /expected array/ },
    ],
  },
};
