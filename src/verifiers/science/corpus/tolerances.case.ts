// Labelled answers with numbers whose gold answer says how far they may be off: tolerances, ranges, uncertainties, and the
// units of a data row, also as SciBench writes them.
import type { LabelledAnswers } from './corpus.case.ts';

const R = String.raw;

export const TOLERANCES: readonly LabelledAnswers[] = [
  {
    gold: { value: 300, unit: 'K', tolerance: 0.01 },
    correct: ['300 K', '27 °C', '26.85 °C', '297.5 K', '302.9 K', '300 kelvin', '300 kelvins'],
    not: ['27 K', '304 K', '300 °C', '296 K', '80.3 °C'],
  },
  {
    gold: { value: 8.314, unit: 'J/(mol K)', significantFigures: 3 },
    correct: [
      '8.314 J/(mol K)',
      '8.314 J/mol K',
      '8.314 J/mol·K',
      '8.31 J mol⁻¹ K⁻¹',
      '8.314 J/K/mol',
      R`\boxed{8.314\ \text{J}\,\text{K}^{-1}\,\text{mol}^{-1}}`,
      R`\boxed{8.314 \frac{\text{J}}{\text{mol} \cdot \text{K}}}`,
      R`\boxed{8.314\ \text{J/(mol·K)}}`,
    ],
    not: ['8.314 J/K', '8.314 kJ/(mol K)', '8.21 J/(mol K)', '8.314 J mol/K', '8.314 J/mol'],
  },
  {
    gold: { value: 4.2, unit: 'N', tolerance: { absolute: 0.1 } },
    correct: ['4.15 N', '4.25 N', '4.2 N', '4.2 newtons', '0.0042 kN'],
    not: ['4.4 N', '4.05 N', '4.2 N m', '4.2 kN', '4.2 J'],
  },
  {
    gold: { value: 1234, unit: 'm', significantFigures: 2 },
    correct: ['1.2 km', '1234 m', '1250 m', '1200 m', R`1.2 \times 10^3 m`],
    not: ['1300 m', '1.1 km', '1234 km', '12 m'],
  },
  {
    gold: { value: 5, unit: 'cm', tolerance: 0.05 },
    correct: ['5.2 cm', '4.8 cm', '0.05 m', '5.2', '50 mm'],
    not: ['5.3 cm', '4.7 cm', '5 m', '5 mm', '5 cm^2'],
  },
  {
    gold: { value: 5, unit: 'cm', strict: true },
    correct: [R`\boxed{5\text{ cm}}`, '#### 5 cm', R`\boxed{50 mm}`],
    not: [R`\boxed{5}`, 'The answer is 5 cm', '5 cm', R`\boxed{5 m}`],
  },
  {
    gold: '2-3 eV',
    correct: [
      '2.5 eV',
      '2-3 eV',
      '2–3 eV',
      '2 to 3 eV',
      '2 eV to 3 eV',
      'from 2 eV to 3 eV',
      'between 2 and 3 eV',
      '2.0-3.0 eV',
      '2 eV',
      '3 eV',
      '2.5',
      R`\boxed{2\text{--}3\ \text{eV}}`,
      R`\boxed{2-3 \text{ eV}}`,
    ],
    not: [
      '1.9 eV',
      '3.1 eV',
      '1-3 eV',
      '2-4 eV',
      '2.5 keV',
      '2500 eV',
      '-2.5 eV',
      '1 to 10 eV',
      '2.5 J',
      '23 eV',
    ],
  },
  {
    gold: { range: [0.5, 1.5], unit: 'nm' },
    correct: ['1 nm', '10 Å', '0.5 nm', '1.5 nm', '1', '0.5-1.5 nm'],
    not: ['2 nm', '1 µm', '15 nm', '0.4 nm', '1 eV'],
  },
  {
    gold: '-5 to 5 V',
    correct: ['0 V', '-5 V', '4 V', 'between -5 V and 5 V', R`\boxed{-5\text{ V to }5\text{ V}}`],
    not: ['6 V', '-6 V', '0 A', '5 to 10 V'],
  },
  {
    gold: '1.54 ± 0.02 Å',
    correct: ['1.54 Å', '1.52 Å', '0.156 nm', '1.54 ± 0.02 Å', R`\boxed{(1.55 \pm 0.01)\ \text{Å}}`],
    not: ['1.57 Å', '1.54 nm', '0.02 Å', '1.51 Å'],
  },
  {
    gold: '(1.60 ± 0.05) × 10^-19 C',
    correct: ['1.602e-19 C', '1.64 × 10⁻¹⁹ C', R`(1.6 \pm 0.1) \times 10^{-19}\ \text{C}`],
    not: ['1.66e-19 C', '1.6 C', '1.6e-18 C'],
  },
  {
    gold: { value: 1.7, unit: R`$10^{-19} \mathrm{~J}$`, tolerance: 0.05 },
    correct: ['1.7e-19 J', R`\boxed{1.7 \times 10^{-19}\ \text{J}}`, '1.7', '1.75'],
    not: ['1.7 J', '1.9', '1.7e-18', '17'],
  },
  {
    gold: { value: 1.7, unit: '10^-19 J', tolerance: { absolute: 0.2 } },
    correct: ['1.6', '1.85e-19 J'],
    not: ['2.0', '1.4e-19 J', '0'],
  },
  {
    gold: { value: -152.5, unit: R`$\mathrm{~kJ} \mathrm{~mol}^{-1}$`, tolerance: 0.01 },
    correct: ['-152.5 kJ/mol', R`\boxed{-153}`, '-152500 J/mol'],
    not: ['152.5 kJ/mol', '-152.5 kJ', '-160'],
  },
  {
    gold: { value: 25, unit: R`${'$'}{ }^{\circ} \mathrm{C}$` },
    correct: ['25 °C', '298.15 K'],
    not: ['25 K'],
  },
  {
    gold: { value: 12, unit: R`\mathrm{dm}^{3} \mathrm{~mol}^{-1} \mathrm{~s}^{-1}` },
    correct: ['12 L/(mol s)', '12 M^-1 s^-1'],
    not: ['12 L'],
  },
  { gold: { value: 6.1, unit: R`\AA` }, correct: ['0.61 nm', '6.1 Å'], not: ['6.1 nm'] },
  { gold: { value: 3.4, unit: 'cm-1' }, correct: ['3.4 cm^-1', '340 m^-1'], not: ['3.4 cm'] },
  { gold: { value: 3.4, unit: 'D' }, correct: ['3.4 D', '3.4 debye'], not: ['3.4 C'] },
];
