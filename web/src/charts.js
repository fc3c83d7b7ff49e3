// Draws what the pages specify. A specification says what is shown, never how: kind, axis, unit, series with the name of
// their colour. How it looks is decided here and in the theme.

import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { calm, color, theme } from './theme.js';
import { written } from './units.js';

echarts.use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
const drawn = new Map();

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) drawn.get(target)?.chart.resize();
});

export function drawAll(root) {
  for (const [element, { chart }] of drawn) {
    if (element.isConnected) continue;
    resized.unobserve(element);
    chart.dispose();
    drawn.delete(element);
  }
  for (const element of root.querySelectorAll('[data-chart]')) draw(element);
}

export function redrawAll() {
  for (const [element, entry] of drawn) {
    entry.spec = undefined;
    draw(element);
  }
}

function draw(element) {
  const spec = element.dataset.chart;
  let entry = drawn.get(element);
  if (entry?.spec === spec) return;
  if (!entry) {
    element.replaceChildren();
    entry = { chart: echarts.init(element, null, { renderer: 'svg' }) };
    drawn.set(element, entry);
    resized.observe(element);
  }
  entry.spec = spec;
  entry.chart.setOption(options(JSON.parse(spec), theme()), { notMerge: true });
}

function options(spec, look) {
  const days = spec.axis === 'day';
  return {
    animation: !calm(),
    animationDuration: 250,
    animationDurationUpdate: 400,
    textStyle: look.text,
    grid: { left: 48, right: 24, top: 18, bottom: 26, outerBoundsMode: 'none' },
    tooltip: tooltip(spec, look, days),
    xAxis: {
      ...look.axis,
      type: 'category',
      data: spec.x,
      boundaryGap: spec.kind === 'bars' || spec.kind === 'histogram',
      splitLine: { show: false },
      axisLabel: {
        ...look.axis.axisLabel,
        formatter: (value) => (days ? DAY.format(new Date(value)) : value),
      },
    },
    yAxis: {
      ...look.axis,
      type: 'value',
      axisLine: { show: false },
      splitNumber: 4,
      minInterval: spec.unit === 'count' ? 1 : 0,
      max: spec.unit === 'share' ? ({ max }) => (max > 0.5 ? 1 : null) : undefined,
      interval: spec.unit === 'share' && highest(spec) > 0.5 ? 0.25 : undefined,
      axisLabel: { ...look.axis.axisLabel, formatter: (value) => written(value, spec.unit).replace('.00', '') },
    },
    series: spec.series.map((one, index) => ({ ...shape(spec, one, look), ...marks(spec, index, look) })),
  };
}

const highest = (spec) => Math.max(0, ...spec.series.flatMap(({ data }) => data.map((value) => value ?? 0)));

function shape(spec, one, look) {
  const paint = color(one.color);
  const common = { name: one.name, data: one.data, color: paint, emphasis: { focus: 'none' } };
  if (spec.kind === 'area') {
    return { ...common, type: 'line', stack: 'all', showSymbol: false, lineStyle: { width: 1, color: look.paper }, areaStyle: { color: paint, opacity: 0.9 } };
  }
  if (spec.kind === 'lines') {
    const alone = one.data.filter((value) => value !== null).length < 2;
    return { ...common, type: 'line', showSymbol: alone, symbolSize: 5, lineStyle: { width: one.faint ? 1.25 : 2, type: one.faint ? 'dashed' : 'solid' } };
  }
  const stack = spec.kind === 'bars' ? 'all' : undefined;
  return { ...common, type: 'bar', stack, barCategoryGap: spec.kind === 'histogram' ? '8%' : '30%', barMaxWidth: spec.kind === 'histogram' ? 120 : 40 };
}

function marks(spec, index, look) {
  if (index || !spec.marks?.length) return {};
  const data = spec.marks.map(({ x, label }) => ({ xAxis: x, label: { formatter: label, ...look.text, color: look.ink } }));
  const line = { color: look.ink, type: 'dashed', width: 1 };
  return { markLine: { silent: true, symbol: 'none', animation: false, lineStyle: line, data } };
}

function tooltip(spec, look, days) {
  return {
    trigger: 'axis',
    confine: true,
    transitionDuration: 0,
    backgroundColor: look.paper,
    borderColor: look.line,
    borderWidth: 1,
    padding: [8, 12],
    textStyle: { ...look.text, color: look.ink },
    axisPointer: { type: spec.kind === 'area' || spec.kind === 'lines' ? 'line' : 'none', lineStyle: { color: look.line, type: 'solid' } },
    formatter: (points) => legend(points, spec, days),
  };
}

// An element instead of a text of HTML: names come from telemetry, and the pages forbid styles in markup.
function legend(points, spec, days) {
  const list = document.createElement('div');
  list.className = 'tip';
  const head = document.createElement('strong');
  head.textContent = days ? LONG_DAY.format(new Date(points[0].axisValue)) : points[0].axisValueLabel;
  list.append(head);
  const shown = points.filter(({ value }) => value !== null && value !== undefined && value !== 0 && value !== '-');
  for (const { color: paint, seriesName, value } of shown.reverse()) {
    const row = document.createElement('div');
    const dot = document.createElement('i');
    dot.style.backgroundColor = paint;
    const name = document.createElement('span');
    name.textContent = seriesName;
    const figure = document.createElement('b');
    figure.textContent = written(value, spec.unit);
    row.append(dot, name, figure);
    list.append(row);
  }
  return list;
}
