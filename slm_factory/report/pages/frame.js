// Opens the page in the reader's language. Without scripts it opens in that of the data; the buttons work all the same.
const choices = [...document.getElementsByName("language")];
const tell = () => { document.documentElement.lang = choices.find((one) => one.checked).value; };
const wanted = navigator.languages.map((name) => name.slice(0, 2));
const first = wanted.find((name) => choices.some((one) => one.value === name)) ?? "en";
choices.forEach((one) => { one.checked = one.value === first; one.addEventListener("change", tell); });
tell();
