// A passage of a document as elements: tables as tables, the words of the answer marked. No text is ever HTML.

export function rendered(text, said) {
  const known = new Set(words(said).flatMap((word) => [word, ...endings(word)]));
  return blocks(plain(text)).map(({ isTable, lines }) => {
    if (isTable) return table(lines, known);
    const paragraph = document.createElement("p");
    paragraph.append(...marked(lines.join("\n"), known));
    return paragraph;
  });
}

// Without headings, which are cited above it, and without empty lines.
const plain = (text) => text.replace(/^#+ .*$/gm, "").replace(/\n{2,}/g, "\n").trim();

// Runs of lines that are rows of a Markdown table, or are not.
function blocks(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const isTable = line.startsWith("|");
    if (found.at(-1)?.isTable !== isTable) found.push({ isTable, lines: [] });
    found.at(-1).lines.push(line);
  }
  return found;
}

function table(lines, known) {
  const element = document.createElement("table");
  const isRule = (line) => /^[|\s:-]+$/.test(line);
  const hasHead = lines.length > 1 && isRule(lines[1]);
  lines.filter((line) => !isRule(line)).forEach((line, at) => {
    const row = element.insertRow();
    const cells = line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/);
    for (const text of cells) {
      const cell = document.createElement(hasHead && at === 0 ? "th" : "td");
      cell.append(...marked(text.trim().replaceAll("\\|", "|"), known));
      row.append(cell);
    }
  });
  return element;
}

// Numbers with the Korean unit that follows them, and words; articles and their like are too short to count.
const WORD = /(\p{N}+(?:[.,:]\p{N}+)*\p{sc=Hangul}?|\p{L}+)/u;
const isTelling = (word) => /\p{N}/u.test(word) || word.length > (/\p{sc=Hangul}/u.test(word) ? 1 : 3);
const words = (text) => text.toLowerCase().split(WORD).filter((_, at) => at % 2).filter(isTelling);

// A Korean word without its last one or two syllables, which may be particles.
const endings = (word) =>
  /^\p{sc=Hangul}+$/u.test(word) ? [1, 2].map((cut) => word.slice(0, -cut)).filter(isTelling) : [];

function marked(text, known) {
  return text.split(WORD).map((part, at) => {
    const word = part.toLowerCase();
    const fits = at % 2 && isTelling(word) && [word, ...endings(word)].some((one) => known.has(one));
    if (!fits) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}
