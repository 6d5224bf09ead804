// A passage of a document as elements: tables as tables, the words of the answer marked. No text is ever HTML.

export function rendered(text, said) {
  const known = new Set(words(said).flatMap(forms));
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

// Numbers with what is written onto them, and words; articles and their like are too short to tell anything.
const WORD = /(\p{N}+(?:[.,:]\p{N}+)*\p{sc=Hangul}*|\p{L}+)/u;
const isTelling = (word) => /\p{N}/u.test(word) || word.length > (/\p{sc=Hangul}/u.test(word) ? 1 : 3);
const words = (text) => text.toLowerCase().split(WORD).filter((_, at) => at % 2).filter(isTelling);

// What a word may be without Korean particles: a number and its unit, or all but the last syllables.
function forms(word) {
  if (/^\p{N}/u.test(word)) return [/^[\p{N}.,:]+\p{sc=Hangul}?/u.exec(word)[0]];
  const cuts = /^\p{sc=Hangul}+$/u.test(word) ? [1, 2].map((cut) => word.slice(0, -cut)) : [];
  return [word, ...cuts.filter(isTelling)];
}

function marked(text, known) {
  return text.split(WORD).map((part, at) => {
    const word = part.toLowerCase();
    if (at % 2 === 0 || !isTelling(word) || !forms(word).some((form) => known.has(form))) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}
