// Labelled answers in words: names, terms, compounds, ratios, and words that look like something else.
import type { LabelledAnswers } from './corpus.case.ts';

const R = String.raw;

export const WORDS: readonly LabelledAnswers[] = [
  {
    gold: 'photosynthesis',
    correct: [
      'Photosynthesis',
      'The answer is photosynthesis.',
      '**Photosynthesis**',
      'Answer: photosynthesis',
      'Answer: "photosynthesis"',
      R`\boxed{\text{photosynthesis}}`,
      R`\boxed{photosynthesis}`,
      'The correct answer is: photosynthesis',
      'PHOTOSYNTHESIS',
      '#### photosynthesis',
    ],
    not: [
      'respiration',
      'not photosynthesis',
      'photosynthesis and respiration',
      'photosynthesis or respiration',
      'photosynthesis, respiration',
      'chemosynthesis',
      'photo',
      'The answer is not photosynthesis.',
    ],
  },
  {
    gold: 'nitrogen fixation',
    correct: [
      'nitrogen-fixation',
      'Nitrogen Fixation.',
      'the nitrogen fixation',
      R`\boxed{\text{nitrogen fixation}}`,
    ],
    not: ['nitrogen', 'fixation', 'carbon fixation', 'fixation nitrogen'],
  },
  {
    gold: 'red blood cells',
    correct: ['the red blood cells', 'Red blood cell', 'a red blood cell', 'Red Blood Cells'],
    not: ['white blood cells', 'blood cells', 'red blood', 'blood'],
  },
  {
    gold: 'deoxyribonucleic acid (DNA)',
    correct: [
      'deoxyribonucleic acid',
      'DNA',
      'deoxyribonucleic acid (DNA)',
      'DNA (deoxyribonucleic acid)',
      'Deoxyribonucleic Acid',
    ],
    not: ['RNA', 'ribonucleic acid', 'ribonucleic acid (RNA)', 'acid'],
  },
  {
    gold: 'DNA',
    correct: ['DNA', 'DNA (deoxyribonucleic acid)', 'dna'],
    not: ['RNA', 'RNA (not DNA)', 'RNA (DNA)', 'AND', 'DNA (or RNA)', 'mRNA'],
  },
  {
    gold: "Newton's first law",
    correct: ['newton’s first law', "Newton's First Law", 'Newtons first law', "the Newton's first law"],
    not: ["Newton's second law", "Newton's law", 'first law'],
  },
  { gold: 'sp3', correct: ['sp3', 'sp^3', 'sp³', R`$sp^3$`, R`\boxed{sp^3}`], not: ['sp2', 'sp', 'sp^3d'] },
  {
    gold: 'increases',
    correct: ['increases', 'Increases.', R`\boxed{\text{increases}}`],
    not: ['decreases', 'does not increase', 'stays the same'],
  },
  {
    gold: 'True',
    correct: ['true', 'True.', 'The answer is True.', R`\boxed{\text{True}}`],
    not: ['False', 'not true', 'true or false'],
  },
  {
    gold: 'Homo sapiens',
    correct: [R`\textit{Homo sapiens}`, '*Homo sapiens*', 'homo sapiens', '_Homo sapiens_'],
    not: ['Homo erectus', 'Homo', 'sapiens'],
  },
  {
    gold: 'alpha decay',
    correct: ['α decay', 'α-decay', 'alpha-decay', R`$\alpha$ decay`, 'Alpha decay'],
    not: ['beta decay', 'β decay', 'decay', 'alpha'],
  },
  { gold: 'X-ray', correct: ['x ray', 'X-rays', 'x-ray', 'X‑ray'], not: ['ray', 'gamma ray', 'X'] },
  {
    gold: 'carbon dioxide',
    correct: ['carbon dioxide', 'Carbon dioxide (CO2)', R`carbon dioxide ($\mathrm{CO_2}$)`],
    not: ['carbon monoxide', 'oxygen', 'carbon', 'dioxide'],
  },
  { gold: 'the sun', correct: ['Sun', 'sun', 'The Sun', 'the sun.'], not: ['moon', 'sunlight', 'the moon'] },
  {
    gold: '2,4-dimethylpentane',
    correct: [
      '2,4-dimethylpentane',
      '2,4-Dimethylpentane',
      R`\boxed{\text{2,4-dimethylpentane}}`,
      '2,4-dimethyl pentane',
    ],
    not: [
      '2,3-dimethylpentane',
      '2,4-dimethylhexane',
      'dimethylpentane',
      '2,4',
      '4,4-dimethylpentane',
      '24-dimethylpentane',
    ],
  },
  {
    gold: '1-butene',
    correct: ['1-butene', '1-Butene', R`\text{1-butene}`],
    not: ['2-butene', 'butene', '1-butyne', '1'],
  },
  {
    gold: '(R)-2-butanol',
    correct: ['(R)-2-butanol', '(R)-2-Butanol', R`\boxed{\text{(R)-2-butanol}}`],
    not: ['(S)-2-butanol', '2-butanol', '(R)-1-butanol', 'R'],
  },
  {
    gold: 'trans-2-butene',
    correct: ['trans-2-butene', R`\textit{trans}-2-butene`],
    not: ['cis-2-butene', '2-butene'],
  },
  {
    gold: 'D-glucose',
    correct: ['D-glucose', 'D-Glucose'],
    not: ['L-glucose', 'glucose', 'D', 'D-fructose'],
  },
  { gold: 'vitamin C', correct: ['vitamin C', 'Vitamin C'], not: ['vitamin A', 'C', 'vitamin'] },
  { gold: 'AUG', correct: ['AUG', R`\text{AUG}`, 'aug', '**AUG**'], not: ['UAG', 'GUA', 'A, U, G', 'AG'] },
  { gold: 'Na', correct: ['Na', R`\text{Na}`, 'Na(s)'], not: ['N', 'K', 'NaCl', 'Na+', 'NA2'] },
  { gold: '3:1', correct: ['3:1', '3 : 1', '3 to 1', R`\boxed{3:1}`], not: ['1:3', '3', '1', '3:2', '31'] },
  { gold: '9:3:3:1', correct: ['9:3:3:1', '9 : 3 : 3 : 1'], not: ['3:9:3:1', '9:3:1', '9'] },
  { gold: '4f', correct: ['4f', R`$4f$`], not: ['4d', '5f', '4', 'f'] },
  { gold: "5'-ATGC-3'", correct: ["5'-ATGC-3'", '5′-ATGC-3′'], not: ["3'-ATGC-5'", "5'-ATGG-3'", 'CGTA'] },
  { gold: 'zero', correct: ['zero', 'Zero'], not: ['one', 'infinite', 'nonzero'] },
  {
    gold: 'group 17',
    correct: ['group 17', 'Group 17', 'Group-17'],
    not: ['group 7', 'group 1', '17 groups of 7'],
  },
  {
    gold: 'lithium-ion battery',
    correct: ['lithium ion battery', 'a lithium-ion battery', 'Lithium-ion batteries'],
    not: ['lithium', 'lead-acid battery', 'battery'],
  },
];
