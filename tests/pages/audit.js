// What is wrong with the page that is open: a list of sentences, none if all is well.
() => {
  const told = [];
  const shown = (element) => {
    // what a closed <details> holds is not there
    if (!element.checkVisibility()) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === "visible" && box.right > 0;
  };
  const named = (element) => element.outerHTML.slice(0, 120);

  // structure
  if (!document.documentElement.lang) told.push("no language");
  if (document.querySelectorAll("h1").length !== 1) told.push("not one h1");
  if (!document.title.trim()) told.push("no title");
  if (document.querySelectorAll("main").length !== 1) told.push("not one main");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) told.push(`id twice: ${id}`);
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) told.push(`heading skips a level: ${named(heading)}`);
    level = next;
  }
  for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    for (const attribute of ["aria-describedby", "aria-labelledby"]) {
      const id = element.getAttribute(attribute);
      if (id && !document.getElementById(id)) told.push(`${attribute} points nowhere: ${named(element)}`);
    }
  }

  // controls
  const every = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary")].filter(shown);
  const controls = every.filter((element) => element.ariaHidden !== "true");
  for (const control of every) {
    if (control.ariaHidden === "true" && control.tabIndex >= 0) told.push(`hidden, but in reach: ${named(control)}`);
  }
  for (const control of controls) {
    const labels = [...(control.labels || [])].map((label) => label.innerText.trim()).join(" ");
    const own = control.tagName === "INPUT" ? labels : control.innerText.trim() || control.querySelector("img")?.alt.trim();
    if (!own) told.push(`no name: ${named(control)}`);
    if (control.tagName === "INPUT" && (control.labels || []).length !== 1) told.push(`not one label: ${named(control)}`);
    const box = control.getBoundingClientRect();
    const inText = control.tagName === "A" && getComputedStyle(control).display === "inline";
    if (!inText && (box.width < 24 || box.height < 24)) told.push(`small target ${box.width}x${box.height}: ${named(control)}`);
  }
  for (const set of [...document.querySelectorAll("fieldset")].filter(shown)) {
    if (!set.querySelector(":scope > legend")?.innerText.trim()) told.push(`fieldset without legend: ${named(set)}`);
  }
  // what stays in sight lies over what can be scrolled away from under it
  const stays = (element) => {
    for (let at = element; at; at = at.parentElement) if (getComputedStyle(at).position === "sticky") return true;
    return false;
  };
  for (const [index, one] of controls.entries()) {
    for (const other of controls.slice(index + 1)) {
      const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1 && stays(one) === stays(other)) told.push(`overlap: ${named(one)} and ${named(other)}`);
    }
  }

  // reflow
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > width) told.push(`wider than the window: ${document.scrollingElement.scrollWidth} > ${width}`);

  // contrast: WCAG 2.2, 1.4.3
  const colour = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const mixed = (over, under, alpha) => over.map((value, index) => value * alpha + under[index] * (1 - alpha));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.alpha === 1) return found.rgb;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element)) continue;
    let alpha = 1;
    for (let at = element; at; at = at.parentElement) alpha *= Number(getComputedStyle(at).opacity);
    const under = ground(element);
    const seen = ratio(mixed(colour(getComputedStyle(element).color).rgb, under, alpha), under);
    if (seen < 4.5) told.push(`contrast ${seen.toFixed(2)}: ${named(element)}`);
  }
  return told;
}
