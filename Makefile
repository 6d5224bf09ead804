# Two commands for a newcomer: `make run` and `make test`. Both make .venv first, and only when it is missing or old.
# Needed: Python 3.11 or newer, git, make. Another Python: make run PYTHON=/path/to/python3.12

BIN := .venv/bin
INSTALLED := .venv/.installed
# The first of these that is new enough; looked for only when .venv has to be made.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help run install clean clean-all
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## documents in, a gated and quantised model out; DOCUMENTS=DIR takes yours instead of the samples
	@$(BIN)/slm-factory run $(if $(DOCUMENTS),--documents "$(DOCUMENTS)")

install: $(INSTALLED) ## make .venv with the pinned packages

$(INSTALLED): pyproject.toml constraints.txt
	@python='$(PYTHON)'; \
	$${python:-false} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "error: Python 3.11 or newer is needed; $${python:-python3} is older or missing" >&2; \
		echo "hint: install it, or name it: make PYTHON=/path/to/python3.12" >&2; exit 2; }; \
	test -x $(BIN)/python || { echo "making .venv with $$($$python --version)"; $$python -m venv .venv; } || { \
		echo "error: $$python cannot make a virtual environment" >&2; \
		echo "hint: install its venv module (Debian, Ubuntu: apt install python3-venv)" >&2; exit 2; }
	@echo "installing the pinned packages into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all]"
	@touch $@

# Neither documents, review.jsonl nor models/seed; nor metrics, which are in git; nor .dvc/cache, which may hold the
# only copy of earlier versions (`dvc gc --workspace --all-tags` thins it), so `make run` has the outputs back at once.
clean: ## delete what the pipeline and the tools made, except metrics (in git) and the DVC cache
	@rm -rf data/*.parquet data/answers data/analyze.html data/eval data/convert.jsonl \
		models/adapter models/merged models/gguf \
		build *.egg-info .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

clean-all: clean ## the same, and .venv
	@rm -rf .venv

-include development.mk
