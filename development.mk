# What those need who work on slm-factory itself; `slm-factory init` leaves it out, with the tests and the documentation.

.PHONY: test lint docs site story stories messages

test: $(INSTALLED) ## the whole test suite
	@$(BIN)/pytest

lint: $(INSTALLED) ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(INSTALLED) ## write docs/reference again from the code
	@$(BIN)/python -m docs.make_reference

site: $(INSTALLED) ## the documentation as a site: build/site/index.html, which needs no server and no network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

story: $(INSTALLED) ## the life of a student in a clone: better, refused, deleted, rolled back (about 25 minutes)
	@$(BIN)/python -m bench.story

stories: $(INSTALLED) ## the three stories of docs/stories, word for word (about half an hour)
	@$(BIN)/python -m docs.stories.run $(addprefix docs/stories/,incident.md tax-law.md company-rules.md)

messages: $(INSTALLED) ## gather the texts of the interface and of the pages, and compile their translations
	@$(BIN)/python -m docs.make_messages
