// Relations, sets, matrices and lists of solutions with formulas on both sides; expected verdicts by hand.
import { expect, it } from 'vitest';
import { gradeMath } from './grade.ts';

it.each([
  ['$5 = x$', '$x = 5$'],
  ['$x+y=5$', '$y+x=5$'],
  ['$a<b<c$', '$c>b>a$'],
  ['$z=2x$', '$2x=z$'],
  ['$x \\not= 5$', '$x \\neq 5$'],
  ['$x \\geq 5$', '$x \\ge 5.0$'],
  ['$x\\nless 5$', '$x\\nless 5$'],
  ['$(0,9) \\cup (9,36)$', '$(0, 9) \\cup (9, 36)$'],
  ['$\\{\\frac{1}{2}\\}$', '$0.5$'],
  ['$(-\\infty,-14)\\cup(-3,\\infty)$', '$(-\\infty,-14)\\cup(-3,+\\infty)$'],
  ['$\\{x \\in \\mathbb{R}: x>2\\}$', '$(2,\\infty)$'],
  ['$\\{1,3\\} \\cup \\{2,4\\}$', '$\\{1,2,3,4\\}$'],
  ['$\\{1,1,2\\}$', '$\\{1,2\\}$'],
  ['$28.1\\%$', '28.1 percent'],
  ['$28\\%$', '$0.28$'],
  ['28', '$28\\%$'],
  ['$\\begin{pmatrix}2&4\\end{pmatrix}$', '$2 \\cdot \\begin{pmatrix}1&2\\end{pmatrix}$'],
  [
    '$\\begin{bmatrix}1\\\\2\\end{bmatrix}-\\begin{bmatrix}1\\\\1\\end{bmatrix}$',
    '$\\begin{bmatrix}0\\\\1\\end{bmatrix}$',
  ],
  ['$n=2,4,6$', '$\\boxed{2,4,6}$'],
  ['$x>y>z$', '$\\boxed{z<y<x}$'],
  ['$f(x)=cx$', '$\\boxed{f(x) = cx}$'],
  ['$f(x)=cx$ for some $c$', '$\\boxed{f(x)=cx}$'],
  ['$x=2$ or $x=-2$', '$\\boxed{\\pm 2}$'],
  ['$a=1, b=2$', '$\\boxed{(1,2)}$'],
  ['The numbers are 21 and 16', '$\\boxed{16, 21}$'],
  ['$\\boxed{A}$, $\\boxed{B}$', '$\\boxed{A, B}$'],
  ['$1; 2; 3$', '$\\boxed{1,2,3}$'],
  ['$(1;2)$', '$\\boxed{(1,2)}$'],
  ['$x \\in [-1;2]$', '$\\boxed{[-1,2]}$'],
  ['$x_{1}=3, x_{2}=4$', '$\\boxed{3, 4}$'],
  ['$x_1=3,x_2=4$', '$\\boxed{x=3 \\text{ or } x=4}$'],
  ['$\\frac{a}{b}=\\frac{2}{3}$', '$\\boxed{\\frac{2}{3}}$'],
  ['$60^{\\circ}, 30^{\\circ}, 90^{\\circ}$', '$\\boxed{30^\\circ, 60^\\circ, 90^\\circ}$'],
  ['$5 \\mathrm{~cm}$', '$\\boxed{5}$'],
  ['$S=\\frac{\\sqrt{3}}{4}a^2$', '$\\boxed{\\frac{a^2\\sqrt3}{4}}$'],
  ['$3.6 \\cdot 10^{5}$', '$\\boxed{360000}$'],
  ['$(\\pm 1, 0)$', '$\\boxed{(1,0),(-1,0)}$'],
  ['$(x, y)=(1,0),(0,1)$', '$\\boxed{(0,1),(1,0)}$'],
  ['$25^{1/2}$', '$5$'],
  ['$\\sqrt[4]{16}$', '$2$'],
  ['$y=e^{x}+C$', '$\\boxed{e^x+C}$'],
  ['$20\\%$', '$\\frac15$'],
  ['2+\\sqrt{3} i', '$2+i\\sqrt{3}$'],
  ['$1 \\frac{1}{2}$ hours', '$\\boxed{1.5}$'],
  ['$\\text{Answer: } 5$', '5'],
  ['$x^{2}+1 \\geq 0$', '$\\boxed{x^2 \\ge -1}$'],
  ['$10^{-3}$', '$0.001$'],
  ['\\boxed{\\text{B}}', '$\\text{B}$'],
  ['$\\text{B}$', '$B$'],
  ['$3a+2b$', '$2b+3a$'],
  ['$\\log_2 3$', '$\\frac{\\log 3}{\\log 2}$'],
  ['$\\log_2 3$', '$\\frac{\\ln 3}{\\ln 2}$'],
  ['7, 8, 9', '$\\{7,8,9\\}$'],
])('the gold %j accepts %j', (gold, response) => {
  expect(gradeMath(response, gold)).toMatchObject({ kind: 'correct' });
});

it.each([
  ['$a<b<c$', '$a<c<b$'],
  ['$[0,1]$', '$[0,1)$'],
  ['$28\\%$', '$29\\%$'],
  ['$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}$', '$\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}^T$'],
])('the gold %j rejects %j', (gold, response) => {
  expect(gradeMath(response, gold).kind).toBe('wrong');
});
