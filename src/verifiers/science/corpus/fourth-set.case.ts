// A fourth set, labelled once the verifier graded the first three rightly and before it was run on this.
import type { LabelledAnswers } from './corpus.case.ts';

const R = String.raw;

const LABELLED: readonly (readonly [LabelledAnswers['gold'], readonly string[], readonly string[]])[] = [
  [
    { value: 'A', choices: ['E = mc^2', 'E = mc^3', 'E = mc', 'E = m^2c'] },
    ['E = mc^2', R`$E = mc^2$`, 'A', 'E=mc^2'],
    ['E = mc', 'E = mc^3'],
  ],
  [
    { value: 'C', choices: ['0.1', '0.2', '0.3', '0.4'] },
    ['0.3', 'C. 0.3', '3/10', '0.30', '.3'],
    ['0.4', 'C. 0.4', '0.03', '3'],
  ],
  [
    { value: 'B', choices: ['10%', '25%', '50%', '75%'] },
    ['25%', 'B', '25 percent', R`25\%`],
    ['50%', '2.5%'],
  ],
  [{ value: 'B', choices: ['He', 'H2', 'O2', 'N2'] }, ['H2', 'H₂', 'B: H2', R`\text{H}_2`], ['He', 'O2']],
  [
    { value: 'A', choices: ['1s2 2s2', '1s2', '2s2', '1s2 2s1'] },
    ['1s2 2s2', R`1s^2 2s^2`, '1s² 2s²'],
    ['1s2 2s1'],
  ],
  [
    { value: 'D', choices: ['I only', 'II only', 'I and II', 'I, II, and III'] },
    ['D', 'I, II, and III', 'I, II and III', 'D. I, II, and III'],
    ['I and II', 'C', 'I only'],
  ],
  [{ value: 'A', choices: ['true', 'false'] }, ['true', 'True', 'A', 'A) True'], ['false', 'B']],
  [
    '9.0 V',
    ['9.0 V', 'V = 9.0 V', '9 volts', '9.0 volt', 'The voltage is 9.0 V', '9 J/C'],
    ['9.0 A', '9.0 mV'],
  ],
  ['8.0 Ω', ['8.0 Ω', R`8.0\,\Omega`, '8 ohms', '8.0 ohm', 'R = 8 Ω'], ['8.0 kΩ', '8 S']],
  ['1.0e-3 T', ['1.0 mT', '1e-3 T', '10 gauss', '10 G'], ['1.0 T', '1 G']],
  ['2.0 atm', ['2.0 atm', '202.65 kPa', '1520 mmHg'], ['2.0 bar', '2 Pa']],
  ['37 °C', ['37 °C', '310.15 K', '98.6 °F', '37 degrees celsius'], ['37 °F', '310 °C']],
  ['4.2 kJ', ['4.2 kJ', '1.0 kcal', '4200 J', '4.2 kilojoules'], ['4.2 kcal', '4.2 J']],
  ['5 %', ['5%', '5 %'], ['0.5%', '50%']],
  [
    '20 cm',
    [
      '20 cm',
      '0.2 m',
      '200 mm',
      '20 centimeters',
      '20 cm to the left of the lens',
      '20 cm behind the mirror',
    ],
    ['20 m', '2 cm', '-20 cm'],
  ],
  ['1.33', ['1.33', 'n = 1.33', 'n ≈ 1.33', '4/3'], ['1.5', '0.75']],
  [
    '3.0 × 10^4 N',
    ['30 kN', '3.0 × 10^4 N', '30,000 N', '3e4 N', R`\boxed{3.0 \times 10^4 \, \text{N}}`],
    ['3.0 × 10^5 N', '30 N'],
  ],
  ['12.5 s', ['12.5 s', '12.5 seconds', 't = 12.5 s', '12.5 sec'], ['12.5 min', '1.25 s']],
  ['2.7 days', ['2.7 days', '2.7 d', '64.8 h', '2.7 day'], ['2.7 h']],
  [
    '6.02e23 atoms',
    ['6.02e23', '6.02 × 10^23 atoms', '6.02 × 10²³'],
    ['6.02 × 10^22', '6.02 × 10^23 molecules'],
  ],
  ['HCl', ['HCl', 'HCl(aq)', 'hydrochloric acid (HCl)'], ['H2SO4', 'hcl2']],
  ['Fe2O3', ['Fe2O3', 'Fe₂O₃', 'iron(III) oxide (Fe2O3)', 'The oxide is Fe2O3'], ['FeO', 'Fe3O4']],
  ['C + O2 -> CO2', ['C + O2 → CO2', 'C(s) + O₂(g) → CO₂(g)'], ['C + O -> CO', 'CO + O2 -> CO2']],
  [
    '2KClO3 -> 2KCl + 3O2',
    ['2KClO₃ → 2KCl + 3O₂', '2 KClO3(s) → 2 KCl(s) + 3 O2(g)', R`2KClO_3 \xrightarrow{MnO_2} 2KCl + 3O_2`],
    ['KClO3 -> KCl + O2'],
  ],
  ['igneous rock', ['igneous rock', 'Igneous rocks'], ['sedimentary rock', 'rock']],
  ['covalent bond', ['covalent bond', 'a covalent bond', 'covalent bonds'], ['ionic bond', 'bond']],
  ['potential energy', ['potential energy', 'Potential Energy.'], ['kinetic energy']],
  ['The Moon', ['the Moon', 'Moon', 'moon'], ['the Sun']],
  ['two', ['two', 'Two'], ['three', 'twofold']],
  ['anaerobic respiration', ['anaerobic respiration', 'Anaerobic respiration'], ['aerobic respiration']],
  [
    'endothermic',
    ['endothermic', 'Endothermic', 'It is endothermic', 'The reaction is endothermic.'],
    ['exothermic', 'not endothermic'],
  ],
];

export const FOURTH_SET: readonly LabelledAnswers[] = LABELLED.map(([gold, correct, not]) => ({
  gold,
  correct,
  not,
}));
