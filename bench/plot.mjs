// Line charts as SVG, without a library: axes, grid, lines with bands, a legend. It knows nothing of what it draws.

const FONT = 'font-family="sans-serif" font-size="12"';

/** An axis from data to pixels. `log` axes are of base 2. */
function scaleOf({ from, to, log = false }, start, end) {
  const position = log ? Math.log2 : (value) => value;
  const [low, high] = [position(from), position(to)];
  return (value) => start + ((position(value) - low) / (high - low)) * (end - start);
}

const pointsOf = (points, x, y) => points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ');

function seriesParts({ points, band, colour, dashed }, x, y) {
  const dash = dashed ? ' stroke-dasharray="5 4"' : '';
  const area = band
    ? `<polygon points="${[...band.map((p) => `${x(p.x)},${y(p.high)}`), ...band.map((p) => `${x(p.x)},${y(p.low)}`).reverse()].join(' ')}" fill="${colour}" opacity="0.10"/>`
    : '';
  return `${area}<polyline points="${pointsOf(points, x, y)}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`;
}

function legendParts(series, left, top) {
  return series.map(({ label, colour, dashed }, index) => {
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    const y = top + 14 + index * 22;
    return `<line x1="${left}" x2="${left + 26}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"${dash}/><text x="${left + 32}" y="${y + 4}">${label}</text>`;
  });
}

/**
 * One chart, its legend to the right.
 * @param x, y axes: { from, to, log?, ticks: [{ at, label }], title }
 * @param series [{ label, colour, dashed?, points: [{ x, y }], band?: [{ x, low, high }] }]
 */
export function lineChart({ width, height, x: xAxis, y: yAxis, series, legendWidth = 220 }) {
  const [left, top, bottom] = [56, 24, 48];
  const right = width - legendWidth;
  const x = scaleOf(xAxis, left, right);
  const y = scaleOf(yAxis, height - bottom, top);
  const parts = [
    ...yAxis.ticks.map(
      ({ at, label }) =>
        `<line x1="${left}" x2="${right}" y1="${y(at)}" y2="${y(at)}" stroke="#ddd"/><text x="${left - 8}" y="${y(at) + 4}" text-anchor="end">${label}</text>`,
    ),
    ...xAxis.ticks.map(
      ({ at, label }) =>
        `<text x="${x(at)}" y="${height - bottom + 18}" text-anchor="middle">${label}</text>`,
    ),
    ...series.map((one) => seriesParts(one, x, y)),
    ...legendParts(series, right + 14, top),
    `<text x="${left}" y="${height - 10}">${xAxis.title}</text><text x="${left - 44}" y="14">${yAxis.title}</text>`,
  ];
  return { width, height, body: parts.join('\n') };
}

/** A picture of charts side by side. */
export function svgOf(charts) {
  const width = charts.reduce((sum, chart) => sum + chart.width, 0);
  const height = Math.max(...charts.map((chart) => chart.height));
  let left = 0;
  const placed = charts.map((chart) => {
    const group = `<g transform="translate(${left} 0)">\n${chart.body}\n</g>`;
    left += chart.width;
    return group;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${FONT}>
<rect width="${width}" height="${height}" fill="white"/>
${placed.join('\n')}
</svg>
`;
}
