// The one theme of all charts, read from the same CSS custom properties as the pages: light and dark come by themselves.

const style = () => getComputedStyle(document.documentElement);

export function color(name) {
  return style().getPropertyValue(`--${name}`).trim() || style().getPropertyValue('--series-other').trim();
}

export function theme() {
  const quiet = color('quiet');
  const line = color('line');
  const text = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: quiet };
  return {
    text,
    ink: color('ink'),
    paper: color('paper'),
    line,
    axis: {
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true },
      splitLine: { lineStyle: { color: line, opacity: 0.5 } },
      nameTextStyle: text,
    },
  };
}

export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
