"""What the page says, in every language at once: each visitor chooses."""

from slm_factory.language import LANGUAGES, N_, catalogue

TEXTS = {  # by the names that index.html and page.js use; {names} are filled in there
    "title": N_("Ask the documents"),
    "language": N_("Language"),
    "welcome": N_(
        "Ask something that the documents say.\n"
        "The answer comes from the model that was trained on them; "
        "the passages below it tell whether it is right."
    ),
    "question": N_("Your question"),
    "placeholder": N_("Your question…"),
    "send": N_("Ask"),
    "stop": N_("Stop"),
    "compare": N_("Compare with base model"),
    "anew": N_("New conversation"),
    "keys": N_("Enter asks · Shift+Enter starts a line · Esc stops"),
    "tuned": N_("Trained"),
    "base": N_("Before training"),
    "speed": N_("{tokens} tokens · {rate} per second"),
    "stopped": N_("stopped"),
    "writing": N_("The answer is being written."),
    "said": N_("Answer: {text}"),
    "up": N_("Good answer"),
    "down": N_("Bad answer"),
    "better": N_("What would be right? (optional)"),
    "keep": N_("Keep"),
    "kept": N_("Thank you, it is kept."),
    "passages": N_("Passages of the documents: {count}"),
    "none": N_("The documents have no passage with these words."),
    "page": N_("page {first}"),
    "pages": N_("pages {first}–{last}"),
    "busy": N_("The server is busy. Try again in {seconds} seconds."),
    "gone": N_("The server does not answer."),
    "broken": N_("The answer broke off. Ask again."),
    "long": N_("The question is too long for the model."),
    "failed": N_("That did not work: {reason}"),
    "locked": N_("This server needs a key"),
    "key": N_("Key"),
    "unlock": N_("Go on"),
}


def texts() -> dict[str, dict[str, str]]:
    """The texts of the page by language and name."""
    spoken = {language: catalogue(language) for language in LANGUAGES}
    return {
        language: {name: one.gettext(text) for name, text in TEXTS.items()}
        for language, one in spoken.items()
    }
