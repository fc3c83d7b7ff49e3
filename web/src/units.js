// Numbers as the pages write them; `upwell.console.numbers` is the same on the server.

const LETTERS = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

function short(value) {
  const size = Math.abs(value);
  for (const [limit, letter] of LETTERS) {
    if (size >= limit) {
      const scaled = value / limit;
      return `${scaled.toFixed(Math.abs(scaled) < 10 ? 1 : 0).replace(/\.0$/, '')} ${letter}`;
    }
  }
  return Number.isInteger(value) ? `${value}` : value.toFixed(size < 10 ? 1 : 0);
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  return minutes < 100 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}

export function written(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === 'usd') return Math.abs(value) >= 1000 ? `$${short(value)}` : `$${value.toFixed(Math.abs(value) >= 100 ? 0 : 2)}`;
  if (unit === 'ms') return duration(value);
  if (unit === 'share') return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
  return short(value);
}
