// Elements from data. Strings become text nodes, never markup, because users choose the names of
// queues and workflows.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Writes only a new text, because screen readers announce every write.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A shape for each state, for readers who do not see the colour.
const SHAPES = {
  happy: [["circle", { cx: 16, cy: 16, r: 13 }], ["path", { d: "M10 16.5l4.2 4.2L22.4 12", class: "mark" }]],
  stressed: [["path", { d: "M16 3.5L30 28H2z" }], ["path", { d: "M16 12v8M16 23.6v.6", class: "mark" }]],
  critical: [
    ["path", { d: "M10.6 3h10.8L29 10.6v10.8L21.4 29H10.6L3 21.4V10.6z" }],
    ["path", { d: "M11.5 11.5l9 9M20.5 11.5l-9 9", class: "mark" }],
  ],
  unknown: [
    ["circle", { cx: 16, cy: 16, r: 12, class: "ring" }],
    ["path", { d: "M12.4 13a3.7 3.7 0 1 1 5.3 3.3c-1.2.6-1.7 1.2-1.7 2.5M16 22.3v.5", class: "mark" }],
  ],
};

export function drawGlyph(target, state) {
  const shapes = SHAPES[state] ?? SHAPES.unknown;
  target.setAttribute("data-state", state);
  target.replaceChildren(...shapes.map(([tag, attributes]) => svg(tag, attributes)));
  return target;
}

export function glyph(state) {
  return drawGlyph(svg("svg", { viewBox: "0 0 32 32", class: "glyph", "aria-hidden": "true" }), state);
}
