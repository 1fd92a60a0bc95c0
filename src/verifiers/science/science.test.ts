import { describe, expect, it } from 'vitest';
import { DataError } from '../../errors.ts';
import type { FinishReason, Problem } from '../../types.ts';
import { readGold } from './gold.ts';
import { science } from './science.ts';

const problemWith = (answer: unknown): Problem => ({
  id: '0'.repeat(16),
  messages: [{ role: 'user', content: 'Which?' }],
  answer: typeof answer === 'string' ? answer : JSON.stringify(answer),
  verifier: 'science',
  hints: [],
  source: 'test',
});
const verdictOf = (answer: unknown, response: string, finish: FinishReason = 'stop') =>
  science.verify({ problem: problemWith(answer), response, finish });
const kindOf = async (answer: unknown, response: string) => (await verdictOf(answer, response)).kind;

const OXIDES = {
  value: 'B',
  choices: { A: 'carbon dioxide', B: 'the oxygen', C: 'H2O', D: 'none of these' },
};
const SEVERAL = { value: ['A', 'C'], choices: ['a proton', 'a neutron', 'an electron', 'a photon'] };
const GAS = { value: 8.314, unit: 'J/(mol K)', significantFigures: 3 };
const SPEED = { value: 36, unit: 'km/h', tolerance: 0.01 };

describe('multiple choice', () => {
  it.each([
    ['B', '\\boxed{B}'],
    ['B', 'The answer is (B).'],
    ['B', 'Therefore, option B is correct.'],
    ['B', 'The answer is B because it is lighter.'],
    ['B', 'so\n**Answer: B**'],
    ['B', '#### b'],
    ['(B)', '\\boxed{\\textbf{(B)}}'],
    ['B) oxygen', '\\boxed{\\text{oxygen}}'],
    ['B) oxygen', '\\boxed{B}'],
    [OXIDES, '\\boxed{B. Oxygen}'],
    [OXIDES, 'The final answer is oxygen.'],
    [{ ...OXIDES, value: 'the oxygen' }, '\\boxed{B}'],
    [SEVERAL, '\\boxed{A, C}'],
    [SEVERAL, '\\boxed{C and A}'],
    [SEVERAL, '\\boxed{AC}'],
    ['A, C', 'The correct answers are A and C.'],
  ])('accepts for %j the response %j', async (answer, response) => {
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'correct' });
  });

  it.each([
    ['B', '\\boxed{C}', 'wrong'],
    ['B', '\\boxed{A, B}', 'wrong'],
    [SEVERAL, '\\boxed{A}', 'wrong'],
    [SEVERAL, '\\boxed{A, B, C}', 'wrong'],
    [OXIDES, '\\boxed{carbon dioxide}', 'wrong'],
    [OXIDES, '\\boxed{B. carbon dioxide}', 'malformed'],
    [OXIDES, '\\boxed{E}', 'malformed'],
    ['A', 'A cell divides into two', 'malformed'],
    ['B', 'It is option B, not option A', 'malformed'],
    ['A', 'Therefore it cannot be option A', 'malformed'],
    ['A', 'So option A isn’t correct', 'malformed'],
    ['B', '\\boxed{}', 'malformed'],
  ])('for %j calls the response %j %s', async (answer, response, kind) => {
    expect(await kindOf(answer, response)).toBe(kind);
  });
});

describe('quantities', () => {
  it.each([
    ['9.81 m/s^2', '\\boxed{9.81\\,\\mathrm{m/s^2}}'],
    ['9.81 m/s^2', '\\boxed{981 \\text{ cm s}^{-2}}'],
    ['9.81 m/s^2', '$a = 9.81\\ \\frac{\\text{m}}{\\text{s}^2}$'],
    ['9.81 m/s^2', 'The answer is 9.808 meters per second squared.'],
    ['3.0e8 m/s', '\\boxed{3.00 \\times 10^{8} m/s}'],
    ['300000 m/s', '\\boxed{3 x 10^5 m s⁻¹}'],
    ['1,500 J', '\\boxed{1.5 kJ}'],
    ['6.022e23', '\\boxed{6.022\\cdot 10^{23}}'],
    ['25 °C', '\\boxed{298.15 K}'],
    ['25 °C', '\\boxed{77^\\circ F}'],
    ['77 degF', '\\boxed{25 degrees Celsius}'],
    ['0 °C', '#### 32 °F'],
    ['273.15 K', '#### 0^{\\circ}\\mathrm{C}'],
    ['5 degC/min', '#### 5 K/min'],
    [GAS, '\\boxed{8.31\\ \\text{J mol}^{-1}\\text{ K}^{-1}}'],
    [GAS, '\\boxed{8.31 J/mol·K}'],
    [GAS, '\\boxed{8.31 J/mol/K}'],
    [GAS, '\\boxed{8.31}'],
    [SPEED, '\\boxed{10 m/s}'],
    [SPEED, '\\boxed{35.7 km/h}'],
    [{ value: 2, unit: 'V', tolerance: { absolute: 0.5 } }, '\\boxed{2400 mV}'],
    ['50 %', '\\boxed{50\\%}'],
    ['0.5', '\\boxed{50 %}'],
    ['0.1 M', '\\boxed{0.1 mol/L}'],
    ['0.1 M', '\\boxed{100 mM}'],
    ['1 kcal/mol', '\\boxed{4.184 kJ/mol}'],
    ['2.5 kJ', '\\boxed{2.5 kilojoules}'],
    ['0.5', '\\boxed{\\frac{1}{2}}'],
    ['12 cm3', '\\boxed{12 mL}'],
    ['4.7 kΩ', '\\boxed{4700 \\Omega}'],
    ['1.2 µm', '\\boxed{1.2 \\mu m}'],
    ['-3.5 V', '\\boxed{−3.5 V}'],
    ['3 electrons', '\\boxed{3 electrons}'],
    ['5', 'We count them:\n5'],
    ['1 Pa', '\\boxed{1 N/m^2}'],
    ['90 degrees', '\\boxed{90^\\circ}'],
    ['2.998e8', '\\boxed{(2.998 * 10^8)}'],
    ['6.63e-34 J s', '\\boxed{6.63 \\times 10^{-34} \\text{ J}\\cdot\\text{s}}'],
    ['5 μC', '\\boxed{5 \\mu\\text{C}}'],
    ['4.18 J/g°C', '\\boxed{4.18 J/(g·K)}'],
    ['5 years', '\\boxed{5 yr}'],
    ['1 atm', '\\boxed{760 torr}'],
    ['50 N m', '\\boxed{50 J}'],
    ['45 mph', '\\boxed{45 miles per hour}'],
    ['500 nm', '\\boxed{5000 Å}'],
    ['7.2', 'so \\boxed{\\text{pH} \\approx 7.20}'],
    ['1,000,000', '\\boxed{10^6}'],
    ['10 m^2', '\\boxed{10 square meters}'],
  ])('accepts for %j the response %j', async (answer, response) => {
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'correct' });
  });

  it.each([
    ['9.81 m/s^2', '\\boxed{9.81 m/s}', 'wrong'],
    ['9.81 m/s^2', '\\boxed{9.7 m/s^2}', 'wrong'],
    ['9.81 m/s^2', '\\boxed{-9.81 m/s^2}', 'wrong'],
    ['1.5 kJ', '\\boxed{1.5 J}', 'wrong'],
    ['1.5 mW', '\\boxed{1.5 MW}', 'wrong'],
    ['25 °C', '\\boxed{25 K}', 'wrong'],
    ['25 °C', '\\boxed{25 °F}', 'wrong'],
    ['5 degC/min', '#### 278.15 K/min', 'wrong'],
    [GAS, '\\boxed{8.3 J/(mol K)}', 'wrong'],
    [GAS, '\\boxed{8.314 J K/mol}', 'wrong'],
    [SPEED, '\\boxed{10.2 m/s}', 'wrong'],
    [{ value: 2, unit: 'V', tolerance: { absolute: 0.5 } }, '\\boxed{2.51 V}', 'wrong'],
    [{ ...SPEED, strict: true }, '\\boxed{36}', 'wrong'],
    [{ ...SPEED, strict: true }, 'The answer is 36 km/h', 'malformed'],
    ['0.5', '\\boxed{0.46}', 'wrong'],
    ['7', '\\boxed{7.4}', 'wrong'],
    ['100000', '\\boxed{100001}', 'wrong'],
    ['1 atm', '\\boxed{755 torr}', 'wrong'],
    ['50 %', '\\boxed{5 %}', 'wrong'],
    ['3 electrons', '\\boxed{3 protons}', 'wrong'],
    ['9.81 m/s^2', '\\boxed{fast}', 'malformed'],
    ['5', '\\boxed{5 or 6}', 'malformed'],
  ])('for %j calls the response %j %s', async (answer, response, kind) => {
    expect(await kindOf(answer, response)).toBe(kind);
  });

  it('says in its reason what it compared', async () => {
    expect((await verdictOf(SPEED, '\\boxed{20 m/s}')).reason).toBe(
      'The answer "20 m/s" is not the expected 36 km/h: 72 differs from 36 by more than 0.36.',
    );
  });
});

describe('ranges', () => {
  const range = { range: [10, 20], unit: 'cm' };
  it.each([
    [range, '\\boxed{10 cm}', 'correct'],
    [range, '\\boxed{0.2 m}', 'correct'],
    [range, '\\boxed{10-20 cm}', 'correct'],
    [range, '\\boxed{21 cm}', 'wrong'],
    [range, '\\boxed{0.21 m}', 'wrong'],
    [range, '\\boxed{10-15 cm}', 'wrong'],
    [range, '\\boxed{15 s}', 'wrong'],
    ['2–3 eV', '\\boxed{2.5 eV}', 'correct'],
    ['2 to 3 eV', '\\boxed{2 to 3 eV}', 'correct'],
    ['2–3 eV', '\\boxed{3.5 eV}', 'wrong'],
  ])('for %j calls the response %j %s', async (answer, response, kind) => {
    expect(await kindOf(answer, response)).toBe(kind);
  });
});

describe('formulae and equations', () => {
  it.each([
    ['H2O', '\\boxed{H_2O}'],
    ['H2O', '\\boxed{\\mathrm{H_{2}O}}'],
    ['H2O', '\\boxed{\\ce{H2O}}'],
    ['H2O', '#### H₂O(l)'],
    ['C6H12O6', '\\boxed{C_6O_6H_{12}}'],
    ['CuSO4·5H2O', '\\boxed{\\mathrm{CuSO_4 \\cdot 5H_2O}}'],
    ['SO4^2-', '\\boxed{SO_4^{2-}}'],
    ['SO4^2-', '\\boxed{SO₄²⁻}'],
    ['SO42-', '\\boxed{\\mathrm{SO_4^{2-}}}'],
    ['NH4+', '\\boxed{NH_4^+}'],
    ['Fe3+', '\\boxed{Fe^{3+}}'],
    ['[Fe(CN)6]4-', '\\boxed{[Fe(CN)_6]^{4-}}'],
    ['2H2 + O2 -> 2H2O', '\\boxed{O_2 + 2H_2 \\rightarrow 2H_2O}'],
    ['2H2 + O2 -> 2H2O', '\\boxed{H2 + 1/2 O2 → H2O}'],
    ['2H2 + O2 -> 2H2O', '\\boxed{2H_2 + O_2 \\xrightarrow{\\text{spark}} 2H_2O}'],
    ['N2 + 3H2 ⇌ 2NH3', '\\boxed{\\ce{N2 + 3H2 <=> 2NH3}}'],
    ['2H2 + O2 -> 2H2O', '\\boxed{\\frac{1}{2}O_2 + H_2 \\to H_2O}'],
    ['2H2 + O2 = 2H2O', '#### 4 H2(g) + 2 O2(g) -> 4 H2O(l)'],
    ['Zn + Cu^2+ -> Zn^2+ + Cu', '\\boxed{\\mathrm{Cu^{2+} + Zn \\longrightarrow Cu + Zn^{2+}}}'],
    ['MnO4- + 8H+ + 5e- -> Mn2+ + 4H2O', '\\boxed{8H^+ + MnO_4^- + 5e^- \\to Mn^{2+} + 4H_2O}'],
  ])('accepts for %j the response %j', async (answer, response) => {
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'correct' });
  });

  it.each([
    ['H2O', '\\boxed{H2O2}', 'wrong'],
    ['CO', '\\boxed{Co}', 'wrong'],
    ['CH3CH2OH', '\\boxed{CH3OCH3}', 'wrong'],
    ['CuSO4·5H2O', '\\boxed{CuSO4}', 'wrong'],
    ['Ca(OH)2', '\\boxed{CaOH2}', 'wrong'],
    ['Fe3+', '\\boxed{Fe^{2+}}', 'wrong'],
    ['Fe3+', '\\boxed{Fe}', 'wrong'],
    ['H2O', '\\boxed{water}', 'malformed'],
    ['H2O', '\\boxed{Xq2}', 'malformed'],
    ['2H2 + O2 -> 2H2O', '\\boxed{H2 + O2 -> H2O}', 'wrong'],
    ['2H2 + O2 -> 2H2O', '\\boxed{2H2O -> 2H2 + O2}', 'wrong'],
    ['2H2 + O2 -> 2H2O', '\\boxed{2H2O}', 'malformed'],
  ])('for %j calls the response %j %s', async (answer, response, kind) => {
    expect(await kindOf(answer, response)).toBe(kind);
  });
});

describe('short texts', () => {
  it.each([
    ['mitochondria', '\\boxed{\\text{The Mitochondria}}', 'correct'],
    ['Le Chatelier’s principle', "The answer is Le Chatelier's principle.", 'correct'],
    ['double-stranded DNA', '\\boxed{double stranded DNA}', 'correct'],
    ['He', '\\boxed{he}', 'correct'],
    ['3:1', '\\boxed{3:1}', 'correct'],
    ['3:1', '\\boxed{1:3}', 'wrong'],
    ['sp3', '\\boxed{sp^3}', 'correct'],
    ['1s^2 2s^2 2p^6', '\\boxed{1s^2\\,2s^2\\,2p^4}', 'wrong'],
    ['mitochondria', '\\boxed{ribosomes}', 'wrong'],
    ['mitochondria', '\\boxed{not mitochondria}', 'wrong'],
    ['mitochondria', 'It is ribosomes or it is mitochondria.', 'wrong'],
    ['mitochondria', 'One could say that it is mitochondria.', 'wrong'],
    ['mitochondria', 'It is not true that they are mitochondria.', 'wrong'],
    ['5.0 kg', 'It is 6.0 kg or it is 5.0 kg.', 'malformed'],
  ])('for %j calls the response %j %s', async (answer, response, kind) => {
    expect(await kindOf(answer, response)).toBe(kind);
  });
});

describe('responses as models write them', () => {
  it('takes the last line of a finished response, and nothing unmarked from one that was cut off', async () => {
    expect(await verdictOf('5 m', 'We add.\n5 m')).toMatchObject({ kind: 'correct', extracted: '5 m' });
    expect(await verdictOf('5 m', 'We add.\n5 m', 'length')).toMatchObject({ kind: 'truncated' });
    expect(await verdictOf('5 m', '\\boxed{5 m} and', 'length')).toMatchObject({ kind: 'correct' });
  });

  it.each([
    ['9.81 m/s^2', `\\boxed{1 ${'m '.repeat(900)}}`],
    ['9.81 m/s^2', `\\boxed{1 ${'m'.repeat(190)}!}`],
    ['9.81 m/s^2', `\\boxed{${'9'.repeat(1900)}}`],
    ['9.81 m/s^2', '\\boxed{1 constructor}'],
    ['9.81 m/s^2', '\\boxed{1 import("fs")}'],
    ['9.81 m/s^2', `\\boxed{1e999 m}`],
    ['H2O', `\\boxed{${'('.repeat(100)}}`],
    ['H2O', `\\boxed{${'H2'.repeat(900)}}`],
    ['2H2 + O2 -> 2H2O', `\\boxed{${'H2 + '.repeat(300)}O2 -> H2O}`],
    ['B', `\\boxed{${'\\text{'.repeat(300)}B${'}'.repeat(300)}}`],
  ])('for %j bears %j', async (answer, response) => {
    expect(['wrong', 'malformed']).toContain(await kindOf(answer, response));
  });
});

describe('the gold answer', () => {
  it.each([
    [{ value: 3, range: [1, 2] }, /either value or range/],
    [{ value: 3, tolerance: 0.1, significantFigures: 2 }, /either tolerance or significantFigures/],
    [{ value: 3, tolerence: 0.1 }, /tolerence/],
    [{ range: [3, 2] }, /low at most high/],
    [{ value: 'E', choices: ['a', 'b'] }, /among the choices A, B, got "E"/],
    [{ value: 'many', unit: 'm' }, /to be a number/],
  ])('that cannot be read, %j, is a fault of the data', async (answer, message) => {
    await expect(verdictOf(answer, '\\boxed{3}')).rejects.toThrow(DataError);
    await expect(verdictOf(answer, '\\boxed{3}')).rejects.toThrow(message);
  });

  it.each([
    ['B', 'choice'],
    ['A, C', 'choice'],
    ['(B) oxygen', 'choice'],
    ['5', 'quantity'],
    ['5 m', 'quantity'],
    ['2-3 m', 'range'],
    ['NaCl', 'formula'],
    ['No', 'words'],
    ['H2 + I2 <-> 2HI', 'equation'],
    ['2,4-dinitrophenol', 'words'],
    ['1-butanol', 'words'],
    ['photosynthesis', 'words'],
  ])('%j is a %s', (answer, kind) => {
    expect(readGold(answer).kind).toBe(kind);
  });

  it.each([
    'B',
    '(B) oxygen',
    'A, C',
    '5 m/s^2',
    '25 °C',
    '2-3 m',
    'CuSO4·5H2O',
    'SO4^2-',
    '2H2 + O2 -> 2H2O',
    'mitochondria',
    '1.5e-19 C',
    OXIDES,
    SEVERAL,
    GAS,
    { range: [10, 20], unit: 'cm' },
  ])('%j is accepted as its own response', async (answer) => {
    const response = science.goldResponse!(problemWith(answer).answer)!;
    expect(await verdictOf(answer, response)).toMatchObject({ kind: 'correct' });
  });
});
